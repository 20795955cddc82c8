"""The steps of each role, as loops; they import what they need when the role starts."""
