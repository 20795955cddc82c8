"""What one account can do to the others, each attack on a real process beside a usual user."""
