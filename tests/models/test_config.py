"""RunConfig and the catalogue: defaults, round trips, what is refused and how, and what it costs."""

import json
import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from models import cost
from models.activations import ACTIVATIONS
from models.catalog import SECTIONS, TABLES, catalog
from models.config import RunConfig
from models.initializers import INITIALIZERS, Fan
from models.network import build


def test_an_empty_configuration_is_valid_and_round_trips():
    config = RunConfig.model_validate({})
    again = RunConfig.model_validate_json(config.canonical())
    assert again == config and again.fingerprint() == config.fingerprint()


def test_a_choice_is_the_same_after_its_parameters_were_looked_at():
    untouched, config = (RunConfig.model_validate({"network": {"activation": {"name": "elu", "alpha": 0.5}}}) for _ in range(2))
    choice = config.network.activation
    assert dict(choice.params) == {"alpha": 0.5}
    assert config.model_dump() == untouched.model_dump() and config.canonical() == untouched.canonical()
    assert config == untouched and hash(config) == hash(untouched)
    with pytest.raises(TypeError):
        choice.params["alpha"] = 2.0


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, table in TABLES.items() for name in table])
def test_every_choice_can_be_made_and_comes_back_with_its_parameters(path, name):
    *parents, last = path.split(".")
    config = {last: {"name": name}}
    for parent in reversed(parents):
        config = {parent: config}
    if "cnn" in TABLES[path][name].kinds and "mlp" not in TABLES[path][name].kinds:
        config.setdefault("network", {})["kind"] = "cnn"
    made = RunConfig.model_validate(config).model_dump()
    for part in path.split("."):
        made = made[part]
    entry = TABLES[path][name]
    assert made == {"name": name, **{p.name: p.default for p in entry.with_shared(TABLES[path].shared)}}


@pytest.mark.parametrize(("bad", "word"), [
    ({"netwrok": {}}, "netwrok"),
    ({"init": {"name": "xaver"}}, "xavier_normal"),
    ({"network": {"depth": 0}}, "greater than or equal to 1"),
    ({"training": {"optimizer": {"name": "sgd", "lr": -1}}}, "greater than or equal to 0"),
    ({"init": {"name": "normal", "std": float("nan")}}, "finite"),
    ({"training": {"steps": 3, "epochs": 2}}, "either steps or epochs"),
    ({"network": {"normalization": {"name": "instance"}}}, "not for network.kind mlp"),
    ({"network": {"width": 30, "normalization": {"name": "group"}}}, "choose one of 1, 2, 3, 5, 6, 10, 15, 30"),
    ({"network": {"normalization": {"name": "batch"}}, "data": {"batch_size": 1}}, "choose 2 or more"),
    ({"network": {"kind": "cnn", "pool_every": 1, "normalization": {"name": "instance"}}}, "pool less often"),
    ({"network": {"kind": "cnn", "pool_every": 1, "depth": 8, "padding": "circular", "kernel_size": 7}}, "circular padding"),
    ({"init": {"name": "uniform", "a": 1.0, "b": 0.0}}, "must be below"),
    ({"init": {"name": "trunc_normal", "mean": 2.0, "b": 1.0}}, "must lie between"),
    ({"init": {"name": "normal", "scale": 1.0}}, "choose one of name, std, mean, gain"),
    ({"network": {"activation": {"name": "hardtanh", "min_val": 0.0, "max_val": 1e-200}}}, "kaiming_normal has no gain for it"),
    ({"network": {"activation": {"name": "hardtanh", "min_val": 0.0, "max_val": 1e-35}}, "init": {"name": "kaiming_uniform"}}, "no gain"),
])
def test_what_does_not_fit_is_refused_with_what_is_allowed(bad, word):
    with pytest.raises(ValidationError) as error:
        RunConfig.model_validate(bad)
    assert word in str(error.value)


def test_the_catalogue_is_json_and_has_a_control_for_every_field():
    found = json.loads(json.dumps(catalog(), allow_nan=False))
    paths = [path for _, controls in SECTIONS for path, _ in controls]

    def leaves(value, prefix=""):
        for key, inner in value.items():
            path = f"{prefix}{key}"
            if path in TABLES or not isinstance(inner, dict):
                yield path
            else:
                yield from leaves(inner, f"{path}.")

    assert sorted(leaves(found["defaults"])) == sorted(paths)
    for table in found["choices"].values():
        for entry in table["entries"]:
            assert entry["label"] and entry["formula"] and entry["source"]


CONFIGS = [
    {},
    {"network": {"kind": "cnn", "depth": 7, "width": 12, "pool_every": 2}},
    {"network": {"depth": 1, "width": 3}, "data": {"name": "moons"}},
    {"network": {"depth": 4, "width": 8, "normalization": {"name": "batch"}, "activation": {"name": "prelu"}}},
    {"network": {"depth": 4, "width": 8, "normalization": {"name": "rms", "placement": "post_activation"}, "bias": False}},
    {"network": {"kind": "cnn", "depth": 3, "width": 8, "normalization": {"name": "instance", "affine": True}, "kernel_size": 5}},
]


@pytest.mark.parametrize("given_config", CONFIGS, ids=range(len(CONFIGS)))
def test_cost_counts_the_parameters_and_shapes_of_the_real_network(given_config):
    config = RunConfig.model_validate(given_config)
    network = build(config, torch.device("cpu"))
    assert cost.estimate(config).parameters == sum(p.numel() for p in network.parameters())
    x = torch.randn(2, *config.input_shape)
    for info, layer in zip(cost.layers(config), network.rows(), strict=True):
        x = layer(x)
        assert info["output_shape"] == list(x.shape[1:])
        assert info["parameters"] == sum(p.numel() for p in layer.parameters())
        fans = torch.nn.init._calculate_fan_in_and_fan_out(layer.weighted.weight)
        assert (info["fan_in"], info["fan_out"]) == fans
        assert info["gain"] == pytest.approx(ACTIVATIONS[config.network.activation.name].gain(config.network.activation.params))
        spread = 5 / layer.weighted.weight.numel() ** 0.5
        assert layer.weighted.weight.std().item() == pytest.approx(info["weight_std"], rel=max(0.03, spread))


@pytest.mark.parametrize("name", list(TABLES["init"]))
def test_the_spread_that_is_written_out_is_the_spread(name):
    """The text, read as arithmetic, against the variance that theory uses."""
    for given_config in CONFIGS[:3]:
        kind = given_config.get("network", {}).get("kind", "mlp")
        if kind not in TABLES["init"][name].kinds:
            continue
        for gain in (1.0, -2.5):
            config = RunConfig.model_validate({**given_config, "init": {"name": name, "gain": gain}})
            for info in cost.layers(config):
                text, std = info["weight_std_formula"], info["weight_std"]
                if std is None:
                    assert text is None and name in ("lsuv", "pretrained")
                    continue
                read = re.sub(r"√(\d+(\.\d+)?)", r"√(\1)", text)
                for sign, meaning in (("√", "sqrt"), ("·", "*"), ("−", "-")):
                    read = read.replace(sign, meaning)
                assert eval(read, {"sqrt": math.sqrt}) == pytest.approx(std, rel=1e-3), text


def test_a_mean_of_two_fans_is_written_as_they_are():
    given = {"network": {"depth": 1, "width": 300}, "init": {"name": "variance_scaling", "scale": 3.0, "mode": "fan_avg"}}
    assert [info["weight_std_formula"] for info in cost.layers(RunConfig.model_validate(given))] == ["√(3 / 182)", "√(3 / 155)"]


@pytest.mark.parametrize(("init", "activation", "formula"), [
    ("kaiming_normal", {"name": "tanh"}, "calculate_gain('tanh') = 1.667"), ("kaiming_uniform", {"name": "gelu"}, "1/√E[φ(z)²] = 1.534"),
    ("kaiming_normal", {"name": "leaky_relu", "negative_slope": 0.5}, "calculate_gain('leaky_relu', 0.5) = 1.265"),
    ("xavier_normal", {"name": "tanh"}, None), ("pytorch_default", {"name": "relu"}, None)])
def test_where_the_gain_comes_from_is_written_out(init, activation, formula):
    """The call is torch's, the integral is taken once more by sampling."""
    given = RunConfig.model_validate({"network": {"depth": 2, "activation": activation}, "init": {"name": init}})
    assert {info["gain_formula"] for info in cost.layers(given)} == {formula}
    if formula and formula.startswith("calculate_gain"):
        call, value = formula.split(" = ")
        assert eval(call, {"calculate_gain": torch.nn.init.calculate_gain}) == pytest.approx(float(value), rel=1e-3)
    if formula and formula.startswith("1/"):
        z = torch.randn(400_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        assert float(torch.nn.functional.gelu(z).square().mean()) ** -0.5 == pytest.approx(float(formula.split(" = ")[1]), rel=0.01)


def test_cost_counts_the_multiply_adds_of_the_real_network():
    from torch.utils.flop_counter import FlopCounterMode

    for given_config in CONFIGS[:3]:
        config = RunConfig.model_validate(given_config)
        network = build(config, torch.device("cpu"))
        with FlopCounterMode(display=False) as counter:
            network(torch.randn(config.batch_size, *config.input_shape))
        assert 3 * counter.get_total_flops() == cost.estimate(config).flops_per_step


@settings(max_examples=200, deadline=None)
@given(steps=st.integers(0, 5000), every=st.one_of(st.just("auto"), st.integers(1, 6000)))
def test_frame_count_is_the_number_of_captured_steps(steps, every):
    config = RunConfig.model_validate({"training": {"steps": steps}, "capture": {"every": every}})
    captured = {*range(0, steps + 1, config.frame_every), steps}
    assert config.frame_count == len(captured)
    assert every != "auto" or config.frame_count <= 62


def test_layers_of_runs_stored_before_formulas_were_written_are_still_read():
    from pydantic import TypeAdapter

    info = cost.layers(RunConfig())[0]
    before = {key: value for key, value in info.items() if not key.endswith("_formula")}
    assert TypeAdapter(cost.LayerInfo).validate_python(before) == before


def modes(entry):
    """Of an initializer: its parameter's choices, or nothing."""
    return [{"mode": mode} for parameter in entry.parameters if parameter.name == "mode" for mode in parameter.choices] or [{}]


@pytest.mark.parametrize(("name", "mode"), [(e.name, mode) for e in INITIALIZERS.values() if not e.trained for mode in modes(e)])
def test_the_fan_that_an_initializer_goes_by_is_the_one_that_its_variance_depends_on(name, mode):
    network = {"depth": 2, "kind": "cnn" if name == "delta_orthogonal" else "mlp"}
    config = RunConfig.model_validate({"network": network, "init": {"name": name, **mode}})
    found = {info["fan_mode"] for info in cost.layers(config)}.pop()
    assert (found is not None) == ("fan" in INITIALIZERS[name].formula)

    def variance(fan_in, fan_out):
        return INITIALIZERS[name].variance(Fan(fan_in, fan_out), config.init.params, 1.3)

    if found is not None:
        same = {"fan_in": (30, 70), "fan_out": (40, 50), "fan_avg": (50, 30)}[found]
        assert variance(30, 50) == variance(*same) != variance(40, 70)


def test_minus_zero_is_zero():
    """The same run, and a noise that numpy takes."""
    of_zero, of_minus_zero = (RunConfig.model_validate({"data": {"name": "spirals", "noise": noise}}) for noise in (0.0, -0.0))
    assert of_minus_zero.canonical() == of_zero.canonical()


@pytest.mark.parametrize(("field", "value"), [("depth", True), ("depth", "3"), ("dropout", "0.5"), ("dropout", False), ("residual", 1),
                                              ("residual", "yes")])
def test_what_json_has_as_another_type_is_no_number_and_no_boolean(field, value):
    with pytest.raises(ValidationError, match=f"network.{field}"):
        RunConfig.model_validate({"network": {field: value}})


def test_a_whole_number_may_have_a_point():
    assert RunConfig.model_validate({"network": {"depth": 3.0}}).network.depth == 3


def test_the_published_schema_has_the_bounds():
    depth = RunConfig.model_json_schema()["$defs"]["NetworkConfig"]["properties"]["depth"]
    assert depth["type"] == "integer" and depth["minimum"] == 1 and depth["maximum"] == 10_000
