"""Kinetics: rate laws, transport through the interphase, electrodes, and their integration."""
