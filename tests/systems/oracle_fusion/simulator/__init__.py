"""The simulated pod, held against the fact sheet."""
