"""Recovery of species and reactions, judged on runs whose truth is known."""
