"""Who wants what, and who may."""
