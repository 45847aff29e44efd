"""Rate laws that the library knows, by name: which parameters each needs, and their units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "ELECTRICAL",
    "ELECTRODE",
    "LAWS",
    "OPTICS",
    "SOLVATION",
    "TRANSPORT",
    "LawSpecification",
]


@dataclass(frozen=True)
class LawSpecification:
    """Parameters of one law.

    Attributes:
        needed: Parameter -> name of its quantity (:mod:`opir.quantities`).
        optional: The same, of those that may be left out.
    """

    needed: Mapping[str, str]
    optional: Mapping[str, str]

    @property
    def quantities(self) -> dict[str, str]:
        """All parameters -> name of the quantity."""
        return {**self.needed, **self.optional}


LAWS: dict[str, LawSpecification] = {
    "tafel": LawSpecification(
        {
            "rate_constant": "surface_rate",
            "potential": "voltage",
            "transfer_coefficient": "fraction",
            "limiting_rate": "surface_rate",
            "activation_energy": "molar_energy",
        },
        {},
    ),
    "chemical": LawSpecification(
        {"rate_constant": "volume_rate", "activation_energy": "molar_energy"},
        {"equilibrium_constant": "ratio"},
    ),
    "surface": LawSpecification(
        {"rate_constant": "surface_rate", "activation_energy": "molar_energy"},
        {"equilibrium_constant": "ratio"},
    ),
    "dissolution": LawSpecification(
        {
            "rate_constant": "frequency",
            "solubility": "concentration",
            "activation_energy": "molar_energy",
        },
        {},
    ),
    "gas_evolution": LawSpecification(
        {
            "rate_constant": "frequency",
            "solubility": "concentration",
            "activation_energy": "molar_energy",
        },
        {},
    ),
    "exchange": LawSpecification({}, {}),
}
"""Law of a reaction -> its parameters. ``exchange`` runs both ways and takes its rate from the
electrode model."""

TRANSPORT: dict[str, LawSpecification] = {
    "diffusion": LawSpecification(
        {"diffusivity": "diffusivity", "concentration": "concentration"},
        {"activation_energy": "molar_energy"},
    ),
    "migration": LawSpecification(
        {"conductivity": "conductivity", "potential": "voltage"},
        {"activation_energy": "molar_energy"},
    ),
    "tunnelling": LawSpecification(
        {"rate": "surface_rate", "decay_length": "length", "onset_thickness": "length"},
        {"activation_energy": "molar_energy"},
    ),
    "interstitial": LawSpecification(
        {"diffusivity": "diffusivity", "concentration": "concentration"},
        {"activation_energy": "molar_energy"},
    ),
}
"""Transport channel through the interphase -> its parameters."""

ELECTRODE = LawSpecification(
    {
        "specific_capacity": "specific_capacity",
        "specific_surface_area": "specific_surface_area",
        "exchange_current_density": "current_density",
        "exchange_activation_energy": "molar_energy",
        "double_layer_capacitance": "areal_capacitance",
        "diffusion_time": "time",
        "diffusion_strength": "voltage",
        "initial_degree": "fraction",
    },
    {"nucleation_overpotential": "voltage", "hysteresis": "voltage"},
)
"""Parameters of an electrode. ``diffusion_strength`` is the overpotential of slow transport in the
solid after long charging at the current that fills the electrode in one hour."""

ELECTRICAL = LawSpecification(
    {},
    {
        "resistance": "resistance",
        "nominal_capacity": "capacity",
        "capacity_ratio": "ratio",
        "initial_potential": "voltage",
    },
)
"""What a simulation needs to know of the cell as a circuit. ``resistance`` between the terminals,
``nominal_capacity`` that C rates refer to (by default that of the working electrode's mass),
``capacity_ratio`` of negative to positive electrode in a full cell, ``initial_potential`` of the
watched electrode where its degree of lithiation does not say."""

SOLVATION = LawSpecification(
    {
        "coordination_number": "ratio",
        "coordination_slope": "ratio",
        "pairing_constant": "ratio",
        "pairing_enthalpy": "signed_molar_energy",
        "swing_strength": "ratio",
        "swing_time": "time",
        "breathing": "fraction",
    },
    {},
)
"""Parameters of solvation. ``coordination_number`` at 1 mol/L and 298 K, ``coordination_slope``
its change per mol/L, ``pairing_constant`` in L mol-1, ``swing_strength`` the relative change of
the local salt concentration at 1C, ``breathing`` the relative loss of film thickness from empty to
full electrode."""

OPTICS = LawSpecification(
    {
        "path_length": "length",
        "reference_wavenumber": "wavenumber",
        "area_per_volume": "inverse_length",
        "liquid_fraction": "fraction",
        "sample_refractive_index": "ratio",
    },
    {},
)
"""What the light meets. ``path_length`` is the effective path at ``reference_wavenumber`` through
the optics that the system describes (elsewhere it goes as their penetration depth),
``area_per_volume`` the real electrode surface and ``liquid_fraction`` the electrolyte's share in
the probed volume. ``sample_refractive_index`` acts where anomalous dispersion is asked for, and
where a variant of the system has other optics."""
