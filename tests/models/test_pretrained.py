"""Trained weights in another network: what fits is there to the bit, what does not is named and starts from the fallback."""

import pytest
import torch
from torch import nn

from models.config import RunConfig
from models.cost import layers
from models.diagnosis import diagnose
from models.diagnosis.pretrained import pretrained
from models.pretrained import fit
from models.theory import theory
from models.training import Run, train

SMALL = {"network": {"depth": 3, "width": 16, "normalization": {"name": "batch"}}, "data": {"name": "moons", "batch_size": 64},
         "training": {"steps": 8}, "capture": {"every": 4}, "seed": 5}


def config(**more):
    return RunConfig.model_validate({**SMALL, **more})


def begun(tensors, **more):
    init = {"name": "pretrained", "source": "some", **more.pop("init", {})}
    return Run.start(config(init=init, **more), tensors)


@pytest.fixture(scope="module")
def trained():
    run = Run.start(config())
    *_, last = run.frames()
    return {name: value.clone() for name, value in run.network.state_dict().items()}, last


def test_the_same_network_goes_on_where_the_other_ended(trained):
    tensors, last = trained
    run = begun(tensors, training={"steps": 0})
    assert run.fit.fitted == [1, 2, 3, 4] and run.fit.left == {}
    for name, value in run.network.state_dict().items():
        assert torch.equal(value, tensors[name]), name
    frame = next(run.frames())
    assert frame["quantities"]["weight"]["norm"] == last["quantities"]["weight"]["norm"]
    run = begun(tensors, training={"steps": 8})  # and it can be trained further
    assert [frame["step"] for frame in run.frames()] == [0, 4, 8]


def test_layers_that_do_not_fit_are_named_and_start_from_the_fallback(trained):
    tensors, _ = trained
    more = {"data": {"name": "gaussian", "features": 7, "batch_size": 64}, "network": {**SMALL["network"], "depth": 5}}
    run = begun(tensors, init={"fallback": "xavier_uniform"}, **more)
    assert run.fit.fitted == [2, 3] and run.fit.left == {
        1: "16 × 2 there, 16 × 7 here", 4: "2 × 16 there, 16 × 16 here", 5: "there is none for it", 6: "there is none for it"}
    fresh = Run.start(config(init={"name": "xavier_uniform"}, **more)).network.rows()
    for row, layer in enumerate(run.network.rows(), start=1):
        expected = tensors[f"layers.{row - 1}.weighted.weight"] if row in (2, 3) else fresh[row - 1].weighted.weight
        assert torch.equal(layer.weighted.weight, expected), row
    found = pretrained(run.config, run.fit)
    assert found.severity == "warning" and found.layers == [1, 4, 5, 6] and found.measured == 2 and found.threshold == 6
    assert "layer 1: 16 × 2 there, 16 × 7 here" in found.cause and "layers 5 to 6: there is none" in found.cause
    assert "xavier_uniform" in found.remedy


def test_gain_multiplies_trained_weights_too(trained):
    tensors, _ = trained
    run = begun(tensors, init={"gain": -0.5})
    assert torch.equal(run.network.rows()[1].weighted.weight, tensors["layers.1.weighted.weight"] * -0.5)


def test_weights_of_a_plain_sequential_are_taken_in_order():
    torch.manual_seed(0)
    plain = nn.Sequential(*(part for _ in range(11) for part in (nn.Linear(16, 16), nn.Tanh())), nn.Linear(16, 2))
    plain[0] = nn.Linear(2, 16)
    run = begun(plain.state_dict(), network={"depth": 11, "width": 16, "activation": {"name": "tanh"}})
    assert run.fit.left == {}
    inputs = torch.randn(10, 2)
    torch.testing.assert_close(run.network(inputs), plain(inputs))


def test_nothing_that_fits_is_critical_and_everything_is_a_note(trained):
    tensors, _ = trained
    nothing = begun({"other": torch.zeros(3)})
    assert nothing.fit.fitted == [] and pretrained(nothing.config, nothing.fit).severity == "critical"
    everything = begun(tensors)
    assert pretrained(everything.config, everything.fit).severity == "note"


def test_half_precision_and_scalars_are_no_trouble(trained):
    tensors, _ = trained
    run = begun({name: value.bfloat16() if value.is_floating_point() else value for name, value in tensors.items()})
    assert run.fit.left == {}
    torch.testing.assert_close(run.network.rows()[0].weighted.weight, tensors["layers.0.weighted.weight"].bfloat16().float())
    assert fit(run.network, {"layers.0.weighted.weight": torch.tensor(1.0)}, 1.0).left[1] == "a number there, 16 × 2 here"


def test_theory_says_that_it_does_not_apply_and_why(trained):
    found = theory(config(init={"name": "pretrained", "source": "some"}, network={"depth": 3, "width": 16}), 1.0, 0.5)
    assert not found.applies and "trained" in found.reason
    assert layers(begun(trained[0]).config)[0]["weight_std"] is None


def test_trained_units_are_not_called_alike(trained):
    run = begun(trained[0], training={"steps": 0})
    assert "symmetry" not in [finding.rule for finding in diagnose(run.config, next(run.frames()))]


@pytest.mark.parametrize(("source", "words"), [
    ("../../etc/passwd", "no path"), ("/etc/passwd", "no path"), (".hidden", "no path"), ("a/b.safetensors", "no path"),
    ("a\x00b", "no path"),
    ("a b", "no path"), ("model.pt", "runs whatever code"), ("MODEL.BIN", "runs whatever code"), ("x" * 129, "at most 128"),
])
def test_a_name_that_could_lead_elsewhere_or_is_a_pickle_is_refused(source, words):
    with pytest.raises(ValueError, match=words):
        RunConfig.model_validate({"init": {"name": "pretrained", "source": source}})


def test_without_its_tensors_a_run_says_what_is_missing():
    with pytest.raises(LookupError, match=r"init\.source 'some'.*tensors="):
        train(config(init={"name": "pretrained", "source": "some"}))
