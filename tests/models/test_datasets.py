"""Data: shapes, standardization, split, seed."""

import numpy as np
import pytest
import torch

from models import images
from models.config import RunConfig
from models.datasets import SOURCES
from tests import mirror


def loaded(**config):
    parsed = RunConfig.model_validate(config)
    return parsed, SOURCES[parsed.data.name].load(parsed.data.params, parsed.demand, parsed.seed)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Files for the data sets that come as such."""
    folder = tmp_path_factory.mktemp("mirror")
    for name in ("mnist", "fashion_mnist"):
        mirror.make_mnist(folder, name)
    mirror.make_cifar(folder, examples=100)
    return folder


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
@pytest.mark.parametrize("name", SOURCES)
def test_shapes_sizes_and_labels_are_what_the_configuration_says(name, kind, files):
    if SOURCES[name].images is not None:
        images.load(SOURCES[name].images, files / name)
    if kind not in SOURCES[name].kinds:
        with pytest.raises(ValueError, match=f"{name} is not for network.kind {kind}"):
            loaded(network={"kind": kind}, data={"name": name})
        return
    config, data = loaded(network={"kind": kind, "width": 10}, data={"name": name})
    assert (len(data.inputs), len(data.validation_inputs)) == config.split
    assert data.inputs.shape[1:] == config.input_shape and data.values(data.inputs).dtype == torch.float32
    assert set(data.labels.tolist()) == set(range(config.classes))


@pytest.mark.parametrize(("name", "dims"), [("moons", 0), ("circles", 0), ("spirals", 0), ("digits", (0, 1))])
def test_the_training_part_is_standardized(name, dims):
    _, data = loaded(data={"name": name})
    assert data.inputs.double().mean(dims).abs().max() < 1e-6
    assert (data.inputs.double().std(dims, correction=0) - 1).abs().max() < 1e-6


def test_gaussian_noise_follows_the_width_and_holds_a_batch():
    config, data = loaded(network={"width": 77}, data={"name": "gaussian", "batch_size": 3000})
    assert data.inputs.shape[1] == 77 and config.batch_size == 3000
    assert data.inputs.std().item() == pytest.approx(1.0, abs=0.01)


def test_the_seed_fixes_the_data_and_nothing_else_does():
    _, one = loaded(data={"name": "moons"}, seed=3)
    _, two = loaded(data={"name": "moons"}, seed=3, init={"name": "zeros"}, network={"depth": 2})
    _, other = loaded(data={"name": "moons"}, seed=4)
    assert torch.equal(one.inputs, two.inputs) and not torch.equal(one.inputs, other.inputs)


def test_validation_is_disjoint_from_training():
    _, data = loaded(data={"name": "digits"})
    training = {tuple(row) for row in data.inputs.tolist()}
    both = sum(tuple(row) in training for row in data.validation_inputs.tolist())
    assert both == 0


def test_the_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    _, data = loaded(data={"name": "digits", "validation_fraction": 0})
    images, labels = load_digits(return_X_y=True)
    expected = (images - images.mean()) / images.std()
    found = data.inputs.double().numpy()
    ours, theirs = np.lexsort(found.round(4).T), np.lexsort(expected.round(4).T)  # the training part is shuffled
    assert found[ours] == pytest.approx(expected[theirs], abs=1e-5)
    assert data.labels[ours.tolist()].tolist() == labels[theirs].tolist()


@pytest.mark.parametrize("change", [
    {"seed": 1}, {"data": {"name": "digits", "validation_fraction": 0.5}}, {"network": {"kind": "cnn"}}, {"network": {"width": 7}},
    {"data": {"name": "digits", "batch_size": 3}}, {"data": {"name": "moons"}}, {"data": {"name": "moons", "noise": 0.3}}])
def test_what_is_kept_for_the_next_preview_is_never_another_configurations(change):
    """The same after others were loaded, and the default's only where nothing that the data depend on was changed."""
    before = loaded(**change)[1]
    digits, moons = loaded()[1], loaded(data={"name": "moons", "noise": 0.01}, seed=9)[1]
    after = loaded(**change)[1]
    assert torch.equal(before.inputs, after.inputs) and torch.equal(before.labels, after.labels)
    same = {"network": {"width": 7}}, {"data": {"name": "digits", "batch_size": 3}}
    assert (digits.inputs.shape == after.inputs.shape and torch.equal(digits.inputs, after.inputs)) == (change in same)
    assert not (moons.inputs.shape == after.inputs.shape and torch.equal(moons.inputs, after.inputs))
