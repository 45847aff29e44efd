"""Functional groups counted in SMILES, against what chemists count."""

from __future__ import annotations

import pytest

from opir.chemistry import library
from opir.chemistry.functional_groups import GROUPS, count_groups
from opir.errors import ChemistryError

MOLECULES = {
    "C1COC(=O)O1": {"carbonate": 1, "cyclic carbonate": 1},
    "CC1COC(=O)O1": {"carbonate": 1, "cyclic carbonate": 1, "methyl": 1},
    "COC(=O)OC": {"carbonate": 1, "methyl": 2},
    "O=C(OCC)OC": {"carbonate": 1, "methyl": 2},
    "C1=COC(=O)O1": {"carbonate": 1, "cyclic carbonate": 1, "carbon double bond": 1},
    "C1C(OC(=O)O1)F": {"carbonate": 1, "cyclic carbonate": 1, "carbon-fluorine bond": 1},
    "COCCOCCOC": {"ether oxygen": 3, "methyl": 2},
    "C1COCO1": {"ether oxygen": 2},
    "O=C1CCCO1": {"ester": 1},
    "CC(=O)OCC": {"ester": 1, "methyl": 2},
    "CC#N": {"nitrile": 1, "methyl": 1},
    "O=S1(=O)CCCC1": {"sulfur-oxygen double bond": 2},
    "OCCO": {"hydroxyl": 2},
    "O": {"hydroxyl": 1},
    "C=C": {"carbon double bond": 1},
    "FC(F)(F)COC%10CC%10": {"carbon-fluorine bond": 3, "ether oxygen": 1},
}


@pytest.mark.parametrize("smiles", MOLECULES)
def test_groups_of_known_molecules(smiles: str) -> None:
    assert count_groups(smiles) == {**dict.fromkeys(GROUPS, 0), **MOLECULES[smiles]}


@pytest.mark.parametrize("smiles", ["C1CC", "C(C", "CC)", "C?C", "not a molecule"])
def test_what_is_no_smiles_is_refused(smiles: str) -> None:
    with pytest.raises(ChemistryError, match="SMILES"):
        count_groups(smiles)


def test_every_smiles_of_the_library_is_read() -> None:
    written = [item.smiles for item in library().species.values() if item.smiles]
    assert len(written) > 10
    for smiles in written:
        count_groups(smiles)
