"""System Health: facts about the monitor itself, and the rules that judge them."""
