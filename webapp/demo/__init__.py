"""The demo: a laboratory of real TLS servers on loopback, and the data that shows them."""
