"""The forms that a species has beside a cation: free, and coordinated or paired."""

from __future__ import annotations

from opir.chemistry.species import Band, Species

__all__ = ["bands_in", "environments_beside"]


def environments_beside(species: Species, cation: str) -> tuple[str, ...]:
    """Names of the environments that exist beside a cation: the default one first.

    Args:
        species: A species with bands.
        cation: ``Li`` or ``Na``.
    """
    names = tuple(species.environments)
    if not names:
        return ()
    default = next((name for name in names if name == f"{cation}_free"), names[0])
    bound = (name for name in names if name in (f"{cation}_coordinated", "paired"))
    return (default, *bound)


def bands_in(species: Species, environment: str, default: str) -> tuple[Band, ...]:
    """Bands of an environment, with those of the default one that have no counterpart in it.

    Coordinated forms are tabulated by the bands that move; the others stay where they are. Each
    band that is listed stands for the nearest one of the default environment.
    """
    bands = species.environments[environment]
    if environment == default:
        return bands
    left = list(species.environments[default])
    for band in bands:
        if left:
            left.remove(min(left, key=lambda b: abs(b.position.value - band.position.value)))
    return (*bands, *left)
