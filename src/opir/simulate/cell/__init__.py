"""From a system of the library and a protocol to what the kinetics integrates."""
