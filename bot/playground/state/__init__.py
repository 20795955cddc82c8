"""The state of the playground, in memory and bounded; every other package builds on it."""
