"""The spectrum of a species of the library, in each of its environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from opir.chemistry import Species
from opir.errors import OptionError
from opir.plots.style import COLOURS, new_figure, spectral_axis, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["species_spectrum"]

_WINDOW = (700.0, 1900.0)
_STYLES = ("-", "--", "-.", ":")


def species_spectrum(
    species: Species, *, region: tuple[float, float] | None = None, most_labels: int = 8
) -> Figure:
    """Molar absorptivity from the library's bands at their native widths.

    Args:
        species: What to draw.
        region: Wavenumbers to show [cm-1]; 700 to 1900, or around its bands where it has none
            there.
        most_labels: How many of the strongest bands are named by their position.

    Raises:
        OptionError: If the species has no bands.
    """
    bands = [band for rows in species.environments.values() for band in rows]
    if not bands:
        raise OptionError(
            f"the library has no bands of {species.name}, so there is nothing to draw",
            remedy="Leave the picture out, or add bands (docs/chemistry.md)",
        )
    positions = [band.position.value for band in bands]
    if region is None:
        inside = any(_WINDOW[0] < p < _WINDOW[1] for p in positions)
        region = _WINDOW if inside else (min(positions) - 150, max(positions) + 150)
    low, high = sorted(region)
    x = np.arange(low, high, 0.25)
    figure = new_figure(8.0, 4.0)
    axes = figure.subplots()
    lines = zip(species.environments, COLOURS, (*_STYLES, *_STYLES), strict=False)
    for environment, colour, style in lines:
        y = species.absorptivity(x, environment)
        name = environment.replace("_", " ")
        axes.plot(x, y, color=colour, linestyle=style, linewidth=1.3, label=name)
        shown = [b for b in species.environments[environment] if low < b.position.value < high]
        shown.sort(key=lambda b: -b.intensity.value / b.width.value)
        if environment == species.default_environment:
            for band in shown[:most_labels]:
                at = band.position.value
                axes.annotate(
                    f"{at:.0f}",
                    (at, float(species.absorptivity([at], environment)[0])),
                    (0, 3),
                    textcoords="offset points",
                    rotation=90,
                    ha="center",
                    va="bottom",
                    fontsize=7,
                    color="#333333",
                )
    spectral_axis(axes, [low, high])
    axes.set_ylim(0, 1.18 * max(axes.get_ylim()[1], 1e-9))
    axes.set_ylabel("Molar absorptivity / L mol⁻¹ cm⁻¹")
    facts = [f"{species.title}, {species.phase}, per mole of formula units"]
    outside = sorted({round(p) for p in positions if not low < p < high}, reverse=True)
    if outside:
        more = ", ..." if len(outside) > 4 else ""
        facts.append("not shown: " + ", ".join(map(str, outside[:4])) + more + " cm⁻¹")
    if len(species.environments) > 1:
        axes.legend(
            frameon=False,
            fontsize=8,
            title="environment\n(bands that stay: first only)",
            title_fontsize=7,
        )
    title(axes, f"{species.name}\n" + "; ".join(facts), "computed from library bands")
    return figure
