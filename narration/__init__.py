"""A film in, a draft description track out."""
