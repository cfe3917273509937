"""The study of `python -m benchmarks.bands`: its plain torch is the run's network, and its verdict on rows is a binomial one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from benchmarks.bands import Row, band_and_batch, below, configurations
from benchmarks.ensembles import mean_squares
from models import seeds
from models.config import RunConfig
from models.training import initial_frame


@pytest.mark.parametrize("seed", range(3))
def test_one_seed_of_an_ensemble_is_that_runs_network(seed: int) -> None:
    """Of a run's own streams: over random norms, initializers (LSUV too), dropout, skips and both paddings."""
    for config in itertools.islice(configurations(seed), 20):
        if (known := band_and_batch(config)) is None:
            continue
        measured = initial_frame(config)["quantities"]["preactivation"]["mean_square"]
        streams = seeds.generator(config.seed, "weights"), seeds.generator(config.seed, "dropout")
        assert mean_squares(config, known[2], 1, *streams)[0].tolist() == pytest.approx(measured, rel=1e-4), config.canonical()


def test_configurations_are_the_same_for_a_seed_and_others_for_another() -> None:
    one, again, other = (list(itertools.islice(configurations(seed), 30)) for seed in (7, 7, 8))
    assert one == again and one != other
    assert {config.network.kind for config in one} == {"mlp", "cnn"}


@pytest.mark.parametrize(("inside", "again", "found"), [(910, True, 1), (933, True, 0), (930, True, 0), (948, True, 0), (910, False, 0)])
def test_a_row_is_below_by_what_was_measured_again_and_by_a_margin(inside: int, again: bool, found: int) -> None:
    row = Row(RunConfig(), 1, 1000, inside, 0.9, 0.0, False, again)
    assert row.chance == pytest.approx(stats.binomtest(inside, 1000, 0.95, alternative="less").pvalue)
    assert len(below([row])) == found


def test_the_more_rows_are_measured_again_the_surer_each_has_to_be() -> None:
    suspect = Row(RunConfig(), 1, 1000, 926, 0.9, 0.0, False, True)
    fine = Row(RunConfig(), 1, 1000, 955, 1.0, 0.0, False, True)
    assert below([suspect, fine]) == [suspect]
    assert below([suspect] + [fine] * int(1.0 / np.float64(suspect.chance))) == []
