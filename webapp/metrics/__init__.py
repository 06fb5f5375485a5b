"""What monitoring systems read: numbers of the whole site, in Prometheus' text format."""
