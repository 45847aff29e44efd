"""Writing spectra as JCAMP-DX 4.24, for programs that read nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from opir.errors import OptionError
from opir.files import atomic_path
from opir.run.readers.asdf import FORMS, encode
from opir.run.run import Run
from opir.run.spectrum import Spectrum

__all__ = ["write_jcamp"]

Y_NAMES = {
    "absorbance": "ABSORBANCE", "transmittance": "TRANSMITTANCE", "reflectance": "REFLECTANCE",
    "kubelka_munk": "KUBELKA-MUNK", "single_channel": "SINGLE BEAM",
}  # fmt: skip


def _clean(text: str) -> str:
    return " ".join(text.replace("$$", "$ $").replace("##", "# #").split())


def _written(spectrum: Spectrum, form: str, time: float | None) -> list[str]:
    """The records of one block."""
    axis, values = spectrum.wavenumber, np.asarray(spectrum.values, dtype=np.float64)
    raman = spectrum.signal == "raman_intensity"
    lines = [
        f"##TITLE= {_clean(spectrum.name)}",
        "##JCAMP-DX= 4.24",
        f"##DATA TYPE= {'RAMAN' if raman else 'INFRARED'} SPECTRUM",
        f"##ORIGIN= opir, {spectrum.origin} values",
        f"##OWNER= {_clean(str(spectrum.dataset.attrs.get('licence', ''))) or 'not stated'}",
        f"##$VALUES= {spectrum.origin}",
    ]
    start = spectrum.start
    if start is not None:
        zone = start.strftime("%z")
        lines.append(f"##LONG DATE= {start:%Y/%m/%d %H:%M:%S.%f}{f' {zone[:5]}' if zone else ''}")
    if time is not None:
        lines.append(f"##$TIME= {time!r}")
    lines += ["##XUNITS= 1/CM", f"##YUNITS= {Y_NAMES.get(spectrum.signal, 'ARBITRARY UNITS')}"]
    even = axis.size > 1 and np.allclose(
        axis, np.linspace(axis[0], axis[-1], axis.size), rtol=0, atol=1e-9 * np.abs(axis).max()
    )
    largest = float(np.abs(values).max())
    factor = largest / (2**31 - 1) if even and largest > 0 else 1.0
    if even and factor == 0.0:
        even, factor = False, 1.0
    lines += [
        f"##FIRSTX= {float(axis[0])!r}",
        f"##LASTX= {float(axis[-1])!r}",
        "##XFACTOR= 1",
        f"##YFACTOR= {factor!r}",
        f"##NPOINTS= {axis.size}",
        f"##FIRSTY= {float(values[0])!r}",
    ]
    if even:
        whole = np.rint(values / factor).astype(np.int64)
        lines += ["##XYDATA= (X++(Y..Y))", *encode(axis, whole, form)]
    else:
        pairs = zip(axis.tolist(), values.tolist(), strict=True)
        lines += ["##XYPOINTS= (XY..XY)", *(f"{x!r}, {y!r}" for x, y in pairs)]
    return [*lines, "##END="]


def write_jcamp(
    path: Path | str, item: Spectrum | Run, *, form: str = "DIFDUP", overwrite: bool = False
) -> Path:
    """Write a spectrum, or the spectra of a run, as JCAMP-DX 4.24.

    Args:
        path: The file to write.
        item: A run becomes a compound file with one block for each frame. Voltage, current and
            what else a run holds have no place in the format: keep those as NetCDF.
        form: How ordinates are written, one of :data:`opir.run.readers.asdf.FORMS`. They are
            rounded to 1 part in 2**31 of the largest; axes that are not even are written as
            pairs of plain numbers, unrounded.
        overwrite: Replace the file if it exists.

    Returns:
        The path.

    Raises:
        OptionError: If the form is unknown.
        OutputExistsError, OutputError: If it cannot be written.
    """
    if form not in FORMS:
        raise OptionError(f"form {form!r} is unknown", remedy=f"Use one of {', '.join(FORMS)}")
    if isinstance(item, Run):
        lines = [
            f"##TITLE= {_clean(item.name)}",
            "##JCAMP-DX= 4.24",
            "##DATA TYPE= LINK",
            f"##BLOCKS= {item.time.size}",
        ]
        for frame, seconds in enumerate(item.time.tolist()):
            lines += _written(item.spectrum(frame), form, seconds)
        lines.append("##END=")
    else:
        lines = _written(item, form, None)
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    return Path(path)
