"""The card of weights that ship: what they are, what they were examined on, where they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opir.models import Forecaster
from opir.models.descriptor import DESCRIPTOR
from opir.workflows.settings import TrainSettings

__all__ = ["model_card"]

_KELVIN = 273.15
_ROWS = (
    ("mae", "mean absolute error / 1e-3", 1e3, ".2f"),
    ("persistence", "of the given frame, kept / 1e-3", 1e3, ".2f"),
    ("dilate", "DILATE", 1.0, ".3f"),
    ("coverage-90", "points in the 90 % intervals", 100.0, ".1f"),
    ("width-90", "width of the 90 % intervals / 1e-3", 1e3, ".1f"),
    ("stream-r2 solvent", "R2 of the solvent stream, median", 1.0, ".2f"),
    ("stream-r2 sei", "R2 of the SEI stream, median", 1.0, ".2f"),
    ("onset-voltage", "error of onsets / V", 1.0, ".3f"),
    ("peak-position", "error of peaks / cm-1", 1.0, ".1f"),
    ("mass-balance", "mass balance, relative", 1.0, ".1e"),
    ("irreversibility", "extents that fall", 1.0, "g"),
)


def model_card(
    name: str,
    model: Forecaster,
    settings: TrainSettings,
    examined: Mapping[str, Any],
    held: Sequence[Mapping[str, Any]],
    *,
    version: str,
    size: int,
) -> str:
    """Markdown.

    Args:
        name: Of the weights.
        model: The trained model, with recipe and intervals.
        settings: What it was trained with.
        examined: ``Examined.to_json`` of the random split.
        held: The same of each system held out, by a model of its own, with ``careful`` (MAE) and
            ``widening`` for the share kept that the others choose.
        version: Of opir.
        size: Of the file [bytes].
    """
    recipe, training = model.recipe, settings.training
    axis = recipe["wavenumber"]
    warmth = [side[DESCRIPTOR.index("temperature [K]")] for side in recipe["ranges"]["descriptor"]]
    volts = [side[0] for side in recipe["ranges"]["drive"]]
    beyond = model.intervals.beyond if model.intervals else 1.0
    scores = examined["scores"]
    return "\n".join(
        [
            f"# {name}",
            "",
            "Forecasts the operando infrared spectra of a battery from one static spectrum, the",
            "cell's description and its protocol.",
            "",
            "**It was trained and examined on simulated runs alone. No open operando infrared data",
            "of batteries is known to us, so how it does on a real cell is not known.**",
            "",
            f"- **Model**: `{model.name}`, {_parameters(model):,} parameters, {size / 1e6:.1f} MB, "
            f'opir {version}. Forecaster and formulas: docs/method.md, "The `library` mode".',
            f"- **Data**: {', '.join(recipe['runs'])} of the random split of OpIRBench "
            f"({', '.join(recipe['origin'])}); half of its validation runs chose the weights, the "
            "other half calibrated the intervals. Its test runs were not seen.",
            f"- **Systems**: {', '.join(recipe['systems'])}.",
            f"- **Range**: {min(axis):g} to {max(axis):g} cm-1, "
            f"{warmth[0] - _KELVIN:.0f} to {warmth[1] - _KELVIN:.0f} C, {volts[0]:.2g} to "
            f"{volts[1]:.2g} V, up to {recipe['longest'] / 3600:.0f} h after the spectrum. Beyond, "
            "`opir predict` says so and widens the intervals.",
            f"- **Training**: {training.steps:,} steps of {training.batch} runs, learning rate "
            f"{training.learning_rate:g}, seed {training.seed}; "
            "`opir pretrain STORE -o DIR` makes it again.",
            *(
                (
                    "- **Taught** by the true extents of the reactions of the training runs, too, "
                    "which only simulated runs have; models of OpIRBench's tables are not.",
                )
                if recipe.get("taught_extents")
                else ()
            ),
            *(
                (
                    "- **Told** what the cycler recorded between the frames: in training, in the "
                    "scores below, and by `opir predict`.",
                )
                if recipe.get("told_record")
                else ()
            ),
            "",
            "## Scores, simulated test runs",
            "",
            f"Random split, {examined['runs']} runs of known systems, as OpIRBench scores them:",
            "",
            "| metric | value |",
            "|---|---|",
            *(
                f"| {label} | {scores[key] * unit:{form}} |"
                for key, label, unit, form in _ROWS
                if key in scores
            ),
            "",
            "Systems never seen: for each, a model that was trained without it, on its test runs.",
            "`Careful` keeps that share of the forecast change which is best on the other systems",
            "held out; the last column is the factor that would have made the 90 % intervals hold",
            "90 % of the points then.",
            "",
            "| system held out | runs | persistence / 1e-3 | MAE / 1e-3 | careful / 1e-3 | in the "
            "90 % intervals / % | R2 solvent | R2 SEI | factor |",
            "|---|---|---|---|---|---|---|---|---|",
            *(_row(item) for item in held),
            "",
            f"So on a system like none of these {recipe.get('trust_unlike', 1):.0%} of the change "
            f"is kept, and outside of what it was trained on intervals are {beyond:.2f} times as "
            "wide.",
            "",
            "## Limits",
            "",
            "- Where the error of a system held out is above that of persistence, chemistry "
            "learned on other systems misled it. A system of yours may be such a one.",
            "- Intervals are averages over runs like those of training; they do not hold for each "
            "run, and on a real cell nothing is promised.",
            "- Amounts are those that an interphase on the electrode would show; no spectrum tells "
            "of gases and of what does not absorb. Species form by the library's reactions only.",
            "- The cell voltage ahead comes from a simulated cell unless it is given.",
            "- Not for safety decisions.",
            "",
        ]
    )


def _row(item: Mapping[str, Any]) -> str:
    scores = item["scores"]

    def shown(key: str, unit: float, form: str) -> str:
        return f"{scores[key] * unit:{form}}" if key in scores else "-"

    def r2(key: str) -> str:
        # Where hardly anything forms, or nothing is right, how far below -1 tells nothing.
        return "< -1" if scores.get(key, 0.0) < -1 else shown(key, 1, ".2f")

    return (
        f"| {item['name']} | {item['runs']} | {shown('persistence', 1e3, '.2f')} | "
        f"{shown('mae', 1e3, '.2f')} | {1e3 * item['careful']:.2f} | "
        f"{shown('coverage-90', 100, '.0f')} | "
        f"{r2('stream-r2 solvent')} | {r2('stream-r2 sei')} | "
        f"{item['widening']:.2f} |"
    )


def _parameters(model: Forecaster) -> int:
    module = getattr(model, "module", None)
    return 0 if module is None else sum(item.numel() for item in module.parameters())
