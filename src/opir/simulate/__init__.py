"""From a battery system and a protocol to simulated operando spectra with known truth."""
