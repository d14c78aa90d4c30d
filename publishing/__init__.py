"""How a result becomes data: typed parameters, staging, audit, atomic publication, versions and tracking."""
