"""The ground floor, which imports nothing of ours: a user's mistake, safe files, worker processes."""
