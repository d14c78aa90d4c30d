"""The ground floor: what every package may use (a user's mistake, safe files, worker processes). It imports nothing of ours."""
