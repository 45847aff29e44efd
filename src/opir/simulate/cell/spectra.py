"""What the light sees of a course: the noise-free spectra of the two streams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import Library, SystemModel
from opir.simulate.cell.build import Cell
from opir.simulate.cell.course import Course
from opir.simulate.cell.populations import STREAMS, Populations, list_populations
from opir.simulate.reversible import ShiftRule
from opir.spectra import absorption_streams, distortion, molar_dispersion
from opir.spectra.optics import Geometry, geometry_from_optics
from opir.system import Optics

__all__ = ["Streams", "noise_free"]

_Floats = NDArray[np.float64]

_SHIFT_PER_KELVIN = -0.03  # cm-1 K-1, of carbonate C=O; recalled, an order of magnitude
_SHIFT_PER_SALT = -1e-3  # cm-1 per mol m-3, of coordinated and paired forms; guessed
_SALT_VOLUME = 5e-5  # m3 mol-1: what a mole of salt takes of the room of the solvents; guessed


@dataclass(frozen=True)
class Streams:
    """Noise-free spectra.

    Attributes:
        absorbance: ``[stream, time, wavenumber]``, streams as in
            :data:`opir.simulate.cell.populations.STREAMS`; their sum is the noise-free spectrum.
        populations: What was seen.
        concentration: Of each population in the probed volume [mol m-3], ``[time, population]``.
    """

    absorbance: _Floats
    populations: Populations
    concentration: _Floats


def noise_free(
    cell: Cell,
    course: Course,
    wavenumber: _Floats,
    library: Library,
    *,
    line_shape: str = "pseudo-voigt",
    dispersion: bool = False,
) -> Streams:
    """Spectra of a course by Beer and Lambert, through the optics of the system.

    Args:
        cell, course: The cell and what it did.
        wavenumber: [cm-1], ``[wavenumber]``.
        library: Where the bands are.
        line_shape: A name of :data:`opir.spectra.shapes.LINE_SHAPES`.
        dispersion: Let the sample's own bands change its index and so the path (anomalous
            dispersion, first order).
    """
    populations = list_populations(cell, library)
    concentration = _concentrations(cell, course, populations)
    table = populations.table
    number = len(table.populations)
    rule = ShiftRule(
        temperature_shift=np.where(populations.solid, 0.0, _SHIFT_PER_KELVIN),
        concentration_shift=np.where(populations.bound, _SHIFT_PER_SALT, 0.0),
    )
    shift = rule.shift(course.temperature, course.salt, number)
    broadening = rule.broadening(course.temperature, table.mean_width())
    found = absorption_streams(
        table,
        concentration,
        wavenumber,
        populations.stream,
        len(STREAMS),
        shift=shift,
        broadening=broadening,
        shape=line_shape,
    )
    path = _path(cell, wavenumber, library)
    if dispersion:
        molar = molar_dispersion(table, wavenumber, shape=line_shape)
        sensitivity = _geometry(cell.model).sensitivity(wavenumber)
        path = path * distortion(molar, concentration, sensitivity)
    return Streams(found * path, populations, concentration)


def _concentrations(cell: Cell, course: Course, populations: Populations) -> _Floats:
    """Concentration of every population in the probed volume [mol m-3], ``[time, population]``."""
    optics = {name: value.value for name, value in cell.model.optics.items()}
    surface = optics["area_per_volume"] * cell.draws.factor("surface_area", "probed")
    bulk_salt = course.amounts[:, _cation(cell)] / cell.height
    # Salt that gathers takes room from the solvents; film that swells takes up electrolyte.
    crowding = 1.0 - _SALT_VOLUME * (course.salt - bulk_salt)
    swelling = surface * (course.film[:, 1] - course.film[:, 0])
    local = np.where(
        cell.charged, (course.salt / np.maximum(bulk_salt, 1e-9))[:, None], crowding[:, None]
    )
    liquid = course.amounts / cell.height * local * (optics["liquid_fraction"] + swelling)[:, None]
    solid = course.amounts * surface
    species = populations.species
    seen = np.where(populations.solid, solid[:, species], liquid[:, species])
    share = course.bound[:, species]
    return np.asarray(seen) * np.where(
        populations.bound, share, np.where(populations.alone, 1.0, 1.0 - share)
    )


def _cation(cell: Cell) -> int:
    return cell.species.index(f"{cell.model.solvation.cation}+")


def _geometry(model: SystemModel) -> Geometry:
    described = model.system.optics or Optics(geometry="fibre", element="TAS")
    index = model.optics["sample_refractive_index"].value
    return geometry_from_optics(described, sample_index=index)


def _path(cell: Cell, wavenumber: _Floats, library: Library) -> _Floats:
    """Effective path [m], ``[wavenumber]``.

    The library's ``path_length`` is that of the optics which the library's own system describes,
    at its reference wavenumber; how much of an element meets the electrode is in it. Optics of the
    same geometry differ from it by the ratio of their computed paths; another geometry is taken to
    meet the sample with all of its computed path.
    """
    model, geometry = cell.model, _geometry(cell.model)
    listed = _geometry(library.systems[model.name]) if model.name in library.systems else geometry
    path = geometry.path(wavenumber)
    if type(geometry) is type(listed):
        reference = model.optics["reference_wavenumber"].value
        path = path / listed.path(np.array([reference, reference + 1.0]))[0]
        path = path * model.optics["path_length"].value
    return np.asarray(path * cell.draws.factor("optical_path"))
