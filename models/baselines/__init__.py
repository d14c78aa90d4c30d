"""The rows of Table 2 that are not ours, and the sanity rows that show what a score of ours is worth."""
