"""Networks trained by gradient descent, over one adapter between spectra and what they take in.

Each is one small file; :class:`opir.models.networks.base.NetworkForecaster` holds all they share.
They are imported by name (:func:`opir.models.get_model`), so that one of them that needs a
further library does not ask it of the others.
"""
