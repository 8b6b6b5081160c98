"""What a report says before anything is built: opportunity, heuristics, feasibility, segments, privacy, cost."""
