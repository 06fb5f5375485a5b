"""Host names, what is known of them, and asking again."""
