"""Bad input at scale: damaged files of every kind that is read, and what each reader makes of them."""
