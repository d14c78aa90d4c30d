"""Text in, numbers out: the metrics of the paper's Tables 1 and 2, their intervals, and the pages that show them.

Nothing here knows films, models or the orchestrator; the heavy parts (torch, Java) start when a metric needs them.
"""
