"""Frames against a plain PyTorch loop written here, and gradients against torch.autograd.grad."""

import math
import weakref
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from models import native
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.frame import MAX_ROWS, nine_digits, row_numbers
from models.histograms import linear_counts, log10_counts
from models.measure import Meter
from models.moments import (
    FIELDS,
    correlation,
    dead_share,
    moments,
    pixel_correlations,
    saturated_share,
    saturation_edges,
    torch_moments,
)
from models.network import build
from models.sampling import sample, stride
from models.sheet import Sheet, sheet
from models.trace import Hooks, probes
from models.training import Run, batches_of, initial_frame, train


def started(**config):
    run = Run.start(RunConfig.model_validate(config))
    inputs, labels = next(batches_of(run.config, run.data))
    return run, inputs, labels


def plain_pass(run, inputs, labels):
    """Every layer's tensors by a loop of its own: pre-activations, activations, dL/dz, weights, dL/dw."""
    x, z_list, a_list = inputs, [], []
    for layer in run.network.rows():
        z = layer.weighted(x if layer.entry is None else layer.entry(x))
        z = z if layer.before is None else layer.before(z)
        x_in, x = x, layer.nonlinearity(z)
        x = x if layer.after is None else layer.after(x)
        x = x + x_in if layer.skip else x
        x = x if layer.pool is None else layer.pool(x)
        z_list.append(z)
        a_list.append(x)
    weights = [layer.weighted.weight for layer in run.network.rows()]
    gradients = torch.autograd.grad(F.cross_entropy(x, labels), [*z_list, *weights])
    return {"preactivation": z_list, "activation": a_list, "preactivation_gradient": gradients[: len(z_list)],
            "weight": weights, "weight_gradient": gradients[len(z_list):]}


NETWORKS = [
    {"network": {"depth": 5, "width": 32}},
    {"network": {"depth": 4, "width": 24, "activation": {"name": "tanh"}, "residual": True}, "bias_init": {"name": "normal"}},
    {"network": {"depth": 4, "width": 8, "kind": "cnn", "pool_every": 2, "activation": {"name": "elu"}}},
    {"network": {"depth": 4, "width": 8, "kind": "cnn", "normalization": {"name": "batch"}, "padding": "circular"}},
    {"network": {"depth": 3, "width": 16, "normalization": {"name": "layer", "placement": "post_activation"}}, "data": {"name": "moons"}},
]


@pytest.mark.parametrize("config", NETWORKS, ids=lambda c: str(c["network"])[:60])
def test_every_layer_as_a_plain_loop_sees_it(config, form):
    run, inputs, labels = started(**config, capture={"samples": "all"})
    expected = plain_pass(run, inputs, labels)
    frame = run.frame(0, inputs, labels)
    assert set(frame["quantities"]) == set(expected)
    for name, tensors in expected.items():
        found = frame["quantities"][name]
        for row, tensor in enumerate(tensors):
            x = tensor.detach().double().flatten()
            scale = x.square().mean().sqrt().item()
            for field, value in {"mean": x.mean(), "std": x.std(correction=0), "min": x.min(), "max": x.max()}.items():
                assert found[field][row] == pytest.approx(value.item(), rel=1e-5, abs=2e-6 * scale), (name, row, field)
            assert found["mean_square"][row] == pytest.approx(scale**2, rel=1e-5)
            assert found["norm"][row] == pytest.approx(x.norm().item(), rel=1e-5)
            counters = [found[field][row] for field in ("n", "zeros", "nan", "pos_inf", "neg_inf")]
            assert counters == [x.numel(), int((x == 0).sum()), 0, 0, 0]
            assert_histograms(found, row, tensor.detach().flatten().numpy())


def assert_histograms(found, row, x):
    """numpy's own counts; a value within float32 rounding of an edge may fall on either side of it."""
    linear, log10 = found["linear"], found["log10"]
    bins = len(linear["counts"][row])
    expected, _ = np.histogram(x.astype(np.float64), bins, (linear["low"][row], linear["high"][row]))
    assert abs(np.array(linear["counts"][row]) - expected).sum() <= 2 + 2e-3 * x.size
    assert sum(linear["counts"][row]) == x.size
    expected, _ = np.histogram(np.log10(np.abs(x[x != 0], dtype=np.float64)), bins, (log10["low"], log10["high"]))
    assert abs(np.array(log10["counts"][row]) - expected).sum() <= 2 + 2e-3 * x.size
    assert sum(log10["counts"][row]) == np.count_nonzero(x)


def test_update_is_what_the_optimizer_did():
    config = {"network": {"depth": 3, "width": 16}, "training": {"steps": 1, "optimizer": {"name": "adam", "lr": 0.01}}, "seed": 4}
    first, last = train(RunConfig.model_validate(config))
    assert "update" not in first["quantities"]
    run, inputs, labels = started(**config)
    before = [layer.weighted.weight.detach().clone() for layer in run.network.rows()]
    run.backward(inputs, labels)
    run.optimizer.step()
    changes = [layer.weighted.weight.detach() - old for layer, old in zip(run.network.rows(), before, strict=True)]
    assert last["quantities"]["update"]["norm"] == pytest.approx([change.norm().item() for change in changes], rel=1e-5)
    ratios = [c.norm().item() / layer.weighted.weight.norm().item() for c, layer in zip(changes, run.network.rows(), strict=True)]
    assert last["quantities"]["update"]["ratio"] == pytest.approx(ratios, rel=1e-5)


def test_an_overflowing_network_is_counted_not_dropped(form):
    frame = initial_frame(RunConfig.model_validate({"network": {"depth": 60, "width": 64}, "init": {"name": "normal", "std": 10.0},
                                                    "data": {"name": "gaussian"}, "seed": 3}))
    z = frame["quantities"]["preactivation"]
    assert frame["loss"] is None
    assert z["pos_inf"][0] + z["neg_inf"][0] + z["nan"][0] == 0
    assert z["pos_inf"][-1] + z["neg_inf"][-1] + z["nan"][-1] == z["n"][-1]
    assert z["mean"][-1] is None and z["linear"]["low"][-1] is None and sum(z["linear"]["counts"][-1]) == 0
    grown = [value for value in z["mean_square"] if value is not None]
    assert max(grown) > 1e60 and all(math.isfinite(value) for value in grown)


RANDOM = torch.Generator().manual_seed(20261122)


def normal(*shape):
    return torch.randn(shape, generator=RANDOM)


MIXED = [
    normal(64, 64), normal(64, 64) * 1e-25, normal(64, 64) * 1e25, normal(64, 64) + 1000, normal(40, 40).relu(),
    torch.zeros(8, 8), torch.full((8, 8), 0.1), torch.tensor([[1.0, math.nan], [math.inf, -math.inf]]), torch.full((3, 3), math.nan),
    torch.tensor([[1e-45, -1e-45, 0.0, 3e38]]),
]


@pytest.mark.parametrize("x", MIXED, ids=range(len(MIXED)))
def test_moments_against_numpy_in_float64(x, form):
    found = dict(zip(FIELDS, moments(x).tolist(), strict=True))
    values = x.double().numpy().ravel()
    good = values[np.isfinite(values)]
    if good.size == 0:
        assert not any(math.isfinite(found[field]) for field in FIELDS[:6])
    else:
        expected = [good.mean(), good.std(), (good**2).mean(), good.min(), good.max(), np.sqrt((good**2).sum())]
        for field, value in zip(FIELDS[:6], expected, strict=True):
            assert found[field] == pytest.approx(value, rel=1e-5, abs=1e-6 * np.sqrt((good**2).mean())), field
    counters = [x.numel(), np.sum(values == 0), np.isnan(values).sum(), np.isposinf(values).sum(), np.isneginf(values).sum()]
    assert [found[field] for field in FIELDS[6:]] == counters


NEAR = [normal(7), normal(32, 16, 8, 8).relu() - 0.1, normal(99, 99) * 1e-3 + 5]


@pytest.fixture(params=["in C", "in torch operations"])
def form(request, monkeypatch):
    """Both forms of what is measured: of the same numbers."""
    if request.param != "in C":
        monkeypatch.setattr(native, "_library", None)
    elif native._library is None:
        pytest.fail("models/native/native.so is missing: `make setup` compiles it, for which it needs a C compiler")
    return request.param


def filled(form, rows, bins, samples=None):
    """The columns of a sheet of one quantity, of either form."""
    found = sheet(rows[0], len(rows), bins, samples) if form == "in C" else Sheet(len(rows), bins, samples, torch.device("cpu"))
    for index, row in enumerate(rows):
        found.measure("weight", index, row)
    return [column[0] for column in found.columns(["weight"])]


@pytest.mark.parametrize("bins", [1, 5, 64, 512])
@pytest.mark.parametrize("samples", [None, 1000])
def test_the_sheet_in_c_and_the_one_for_any_device_agree(bins, samples):
    rows = [*MIXED, *NEAR, normal(4384), normal(4384) * 1e-30, normal(99).relu(), normal(50) * 1e-39, torch.full((20,), 0.1),
            torch.tensor([math.nan, math.inf, -math.inf, 0.0, 1.0, -2.0]), torch.full((50,), math.nan), torch.zeros(70)]
    (fields, linear, axis, log10), expected = filled("in C", rows, bins, samples), filled("in torch operations", rows, bins, samples)
    assert fields.flatten().tolist() == pytest.approx(expected[0].flatten().tolist(), rel=1e-5, abs=1e-6, nan_ok=True)
    assert axis.tolist() == expected[2].tolist()
    assert linear.sum(1).tolist() == expected[1].sum(1).tolist() and log10.sum(1).tolist() == expected[3].sum(1).tolist()
    assert (linear.cumsum(1) - expected[1].cumsum(1)).abs().max() <= 1  # the mean of a row in C may differ, not its extremes: one edge
    near = 4e-5 * bins / float(axis[1] - axis[0])  # share of values within float32's rounding of one of the edges, as a rule
    assert (log10.cumsum(1) - expected[3].cumsum(1)).abs().max() <= 1 + near * 4384


def test_logarithms_of_all_sizes_fall_in_their_bin():
    x = torch.tensor([sign * m * 10.0**k for k in range(-44, 38) for m in (1.5, 3.0, 7.0) for sign in (1, -1)])
    assert filled("in C", [x], 82)[3].tolist() == [[6] * 82]


@pytest.mark.parametrize("x", [*MIXED, *NEAR[1:]], ids=range(len(MIXED) + len(NEAR) - 1))
def test_shares_and_correlation_in_c_and_in_torch_operations_agree(x, monkeypatch):
    found, edges = sheet(x, 2, 8, None), saturation_edges((-1.0, 1.0))
    found.correlate(0, x)
    found.share(0, x, edges)
    found.share(1, x, None)
    alike, dead, saturated = found.shares().tolist()
    del found
    monkeypatch.setattr(native, "_library", None)
    assert alike[0] == pytest.approx(correlation(x).item(), rel=1e-4, abs=1e-5, nan_ok=True) and math.isnan(alike[1])
    assert dead == [dead_share(x).item()] * 2
    assert saturated == pytest.approx([saturated_share(x, edges).item(), math.nan], nan_ok=True)


def test_what_a_step_made_of_a_weight(form):
    weight, before = normal(30, 40), normal(30, 40)
    was = before.clone()
    found = sheet(weight, 1, 16, None)
    found.compare("update", 0, weight, before.clone(), False)
    fields = found.columns(["update"])[0].tolist()
    found.compare("update", 0, weight, before, True)
    again = found.columns(["update"])[0].tolist()
    assert fields == again and before.equal(weight)
    assert fields[0][0] == pytest.approx(torch_moments(weight - was).tolist(), rel=1e-5, abs=1e-6)


def test_tensors_are_let_go_of_when_some_have_been_measured_together():
    """Each row has its own mean."""
    rows = 200
    found = native.Sheet(rows, len(FIELDS), 64, None)
    for row in range(rows):
        x = torch.full((256, 64 + row), float(row))
        seen = weakref.ref(x)
        found.measure("activation", row, x)
        del x
        assert seen() is None or sum(kept.numel() for kept in found._kept) <= native.MOST_KEPT
    fields, linear = (column[0] for column in found.columns(["activation"])[:2])
    assert fields[:, 0].tolist() == list(range(rows)) and not found._kept
    assert linear[:, 0].tolist() == [256 * (64 + row) for row in range(rows)]


def test_no_nan_is_counted_then_or_later(form):
    """NaN of any bits: torch's hardswish, hardsigmoid and mish make one of ones alone. Counters are kept from one sheet to the next, which
    divides them differently."""
    ones = torch.full((64,), -1, dtype=torch.int32).view(torch.float32)
    assert ones.isnan().all()

    def counted(x, bins):
        found = sheet(x, 1, bins, None)
        found.measure("weight", 0, x)
        return [int(part.sum()) for part in found.columns(["weight"])[1::2]]

    assert counted(torch.arange(1.0, 101.0), 512) == [100, 100]  # as many counters as are ever needed here
    for bins in (2, 8, 64, 512):
        assert counted(ones, bins) == [0, 0]
        assert [counted(torch.arange(1.0, 101.0), others) for others in (2, 8, 64, 512)] == [[100, 100]] * 4


@pytest.mark.parametrize("samples", [4096, None])
def test_the_number_of_threads_changes_no_digit(samples):
    """Of tensors that are taken in parts: of 65,536 values, and of so many that parts are larger."""
    rows = [*MIXED, normal(256, 256) + 0.1, normal(64, 5001), normal(64, 5001) * 1e-30]

    def numbers(threads):
        had = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            found = sheet(rows[0], len(rows), 64, samples)
            for index, row in enumerate(rows):
                found.measure("weight", index, row)
                found.correlate(index, row)
                found.share(index, row, (-0.9, 0.9))
                found.compare("update", index, row, row.flip(0), False)
            return [part.tolist() for part in (*found.columns(["weight", "update"]), found.shares())]
        finally:
            torch.set_num_threads(had)

    assert str(numbers(1)) == str(numbers(2)) == str(numbers(3))


def test_counts_in_parts_are_the_counts_of_all(form):
    x = normal(64, 5001)
    fields, linear, axis, log10 = filled(form, [x], 32)
    assert linear[0].tolist() == np.histogram(x.numpy().astype(np.float64), 32, (x.min().item(), x.max().item()))[0].tolist()
    counts = np.histogram(np.log10(np.abs(x.numpy().astype(np.float64))), 32, axis.tolist())[0]
    assert np.abs(np.cumsum(log10[0].numpy() - counts)).max() <= 3  # values within float32's rounding of an edge
    assert fields[0, FIELDS.index("n")] == log10.sum() == x.numel()


def test_a_process_that_is_forked_from_one_that_measures_measures_too():
    import multiprocessing

    filled("in C", [normal(64, 64)], 8)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(measured_elsewhere).get(timeout=60) == [64.0 * 64]


def measured_elsewhere():
    return filled("in C", [torch.ones(64, 64)], 8)[0][0, FIELDS.index("n")].reshape(1).tolist()


def test_a_single_value_has_no_spread():
    found = dict(zip(FIELDS, moments(torch.full((50, 50), 0.1)).tolist(), strict=True))
    assert found["std"] == 0 and found["min"] == found["max"]
    counts = linear_counts(torch.full((1, 9), 0.1).double(), torch.tensor([0.1]), torch.tensor([0.1]), 4)
    assert counts.tolist() == [[9, 0, 0, 0]]


def test_counts_of_what_is_not_finite_and_the_last_edge():
    row = torch.tensor([[0.0, 1.0, 2.0, 4.0, math.nan, math.inf, -math.inf]], dtype=torch.float64)
    assert linear_counts(row, torch.tensor([0.0]), torch.tensor([4.0]), 4).tolist() == [[1, 1, 1, 1]]
    logs = torch.tensor([[1e-2, -1.0, 0.0, 10.0, math.nan]], dtype=torch.float64).abs().log10()
    assert log10_counts(logs, torch.tensor([-2.0, 1.0]), 3).tolist() == [[1, 0, 2]]


def test_the_sample_sees_every_unit():
    for shape in ((256, 256), (256, 64), (250, 300), (128, 16, 8, 8), (64, 3)):
        n = math.prod(shape)
        step = stride(n, 4096)
        taken = sample(torch.arange(n).reshape(shape), step)
        assert len(taken) >= min(n, 4096)
        assert len(set((taken % shape[-1]).tolist())) == shape[-1]


def test_the_sheet_in_c_counts_the_same_sample():
    """Of a sample, the smallest and the largest value in a bin of their own."""
    x = torch.arange(4096.0).reshape(64, 64)
    taken = sample(x, stride(4096, 1200))
    assert len(taken) < 2000
    linear = filled("in C", [x], 512, 1200)[1][0]
    assert linear.tolist() == np.histogram(taken.numpy().astype(np.float64), 512, (0.0, 4095.0))[0].tolist()


def test_dead_and_saturated_shares():
    phi = torch.randn(50, 10).abs()
    phi[:, :3] = 0
    phi[:49, 5] = 0
    assert dead_share(phi).item() == pytest.approx(0.3)
    images = torch.zeros(4, 5, 3, 3)
    images[2, 1, 0, 0] = -1e-30
    assert dead_share(images).item() == pytest.approx(0.8)
    values = torch.tensor([[-1.0, -0.98, -0.96, 0.0, 0.5, 0.975, 0.999, 1.0]])
    assert saturated_share(values, saturation_edges((-1.0, 1.0))).item() == pytest.approx(5 / 8)
    assert saturated_share(torch.tensor([[0.01, 0.5, 0.96, 0.98, math.nan]]), saturation_edges((0.0, 1.0))).item() == pytest.approx(2 / 5)


def test_correlation_is_the_mean_cosine_of_all_pairs(form):
    z = torch.randn(12, 5, 2, generator=torch.Generator().manual_seed(0)) + 0.3
    unit = F.normalize(z.flatten(1), dim=1)
    cosines = (unit @ unit.T)[~torch.eye(12, dtype=torch.bool)]
    assert correlation(z).item() == pytest.approx(cosines.mean().item(), rel=1e-5)
    assert correlation(z * 1e-30).item() == pytest.approx(cosines.mean().item(), rel=1e-5)
    assert math.isnan(correlation(z[:1]).item())
    alike = torch.randn(1, 64, generator=torch.Generator().manual_seed(1)).expand(128, 64)
    assert correlation(alike.contiguous()).item() == pytest.approx(1.0, abs=1e-7)
    pairs = (torch.randn(1, 7, generator=torch.Generator().manual_seed(seed)).expand(5, 7) for seed in range(100))
    assert max(correlation(same.contiguous()).item() for same in pairs) <= 1.0


VISITS = ("nonlinearity", "output", "gradient", "weight_gradient")


class Seen:
    """A visitor that tells all visits: (what, index, tensors)."""

    def __init__(self, tell):
        for what in VISITS:
            setattr(self, what, partial(tell, what))


def test_hooks_are_gone_afterwards_and_after_an_error():
    config = RunConfig.model_validate({"network": {"depth": 3, "width": 8}})
    network = build(config, torch.device("cpu"))
    seen = []
    with Hooks(probes(network, [1, 4]), Seen(lambda what, index, *_: seen.append((what, index)))).watching():
        network(torch.randn(4, 64)).sum().backward()
    assert sorted(seen) == [(what, index) for what in sorted(VISITS) for index in (0, 1)] and not hooks_of(network)
    with pytest.raises(ZeroDivisionError), Hooks(probes(network, [1]), Seen(lambda *_: 1 / 0)).watching(stay=True):
        network(torch.randn(4, 64))
    assert not hooks_of(network)


def test_hooks_that_stay_see_only_what_is_watched():
    network, seen = build(RunConfig.model_validate({"network": {"depth": 3, "width": 8}}), torch.device("cpu")), []
    hooks = Hooks(probes(network, [1, 4]), Seen(lambda what, index, *_: seen.append((what, index))))
    for _ in range(2):
        seen.clear()
        with hooks.watching(stay=True):
            network(torch.randn(4, 64)).sum().backward()
        network(torch.randn(4, 64)).sum().backward()
        assert sorted(seen) == [(what, index) for what in sorted(VISITS) for index in (0, 1)]
    assert hooks_of(network)
    hooks.remove()
    assert not hooks_of(network)


def test_a_run_leaves_no_hook_however_it_is_left():
    run = Run.start(RunConfig.model_validate({"network": {"depth": 3, "width": 8}, "capture": {"every": 1}, "training": {"steps": 4}}))
    frames = run.frames()
    next(frames)
    assert hooks_of(run.network)
    frames.close()
    assert not hooks_of(run.network)


def hooks_of(network):
    return [hook for module in network.modules()
            for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks) for hook in hooks]


def test_a_weights_gradient_is_visited_before_the_pass_goes_on_to_the_row_below():
    """Of whichever rows are measured; the whole of it, though it is asked for without a hook of its own."""
    network, seen = build(RunConfig.model_validate({"network": {"depth": 3, "width": 8}}), torch.device("cpu")), []
    places = probes(network, [1, 3, 4])
    with Hooks(places, Seen(lambda what, index, *found: seen.append((what, index, found[0].clone())))).watching():
        network(torch.randn(4, 64)).sum().backward()
    backward = [(what, index) for what, index, _ in seen if "gradient" in what]
    assert backward == [("gradient", 2), ("weight_gradient", 2), ("gradient", 1), ("weight_gradient", 1), ("gradient", 0),
                        ("weight_gradient", 0)]
    assert all(found.equal(places[index].weight.grad) for what, index, found in seen if what == "weight_gradient")


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_no_activation_overwrites_what_is_measured_before_it(name):
    """A trace hands on z after phi has run."""
    params = {parameter.name: parameter.default for parameter in ACTIVATIONS[name].parameters}
    z = torch.linspace(-3.0, 3.0, 61)
    before = z.clone()
    ACTIVATIONS[name].module(params)(z)
    assert z.equal(before)


def test_rows_beyond_256_hidden_ones_are_spread_evenly():
    assert row_numbers(51) == list(range(1, 52)) and row_numbers(257) == list(range(1, 258))
    rows = row_numbers(10_001)
    assert rows[0] == 1 and rows[-1] == 10_001 and len(rows) == MAX_ROWS
    gaps = {b - a for a, b in pairwise(rows)}
    assert gaps <= {39, 40}


def test_an_incomplete_quantity_is_left_out():
    meter = Meter(2, 8, None, None)
    meter.gradient(0, torch.randn(3))
    quantities, found, others = meter.read(torch.tensor([1.5, math.inf]))
    assert quantities == {} and found == [None, None] and others == [[1.5, None]]


@pytest.mark.parametrize("shape", [(5, 3, 4, 4), (2, 1, 2, 3)])
def test_the_correlation_of_pixels_is_the_mean_over_all_pairs(shape):
    images = torch.randn(shape, generator=torch.Generator().manual_seed(4)) + 0.3
    batch, channels, pixels = shape[0], shape[1], shape[2] * shape[3]
    x = images.double().reshape(batch, channels, pixels).numpy()
    unit = (x**2).sum() / (batch * pixels)
    same = [x[a, :, i] @ x[a, :, j] for a in range(batch) for i in range(pixels) for j in range(pixels) if i != j]
    across = [x[a, :, i] @ x[b, :, j] for a in range(batch) for b in range(batch) for i in range(pixels) for j in range(pixels)
              if i != j and a != b]
    assert pixel_correlations(images) == pytest.approx((sum(same) / len(same) / unit, sum(across) / len(across) / unit))


def test_a_frame_keeps_nine_digits_which_tell_any_two_float32_apart():
    x = torch.randn(2000, dtype=torch.float64) * 10.0 ** torch.linspace(-40, 30, 2000)
    values = x.float().double().numpy()
    kept = nine_digits(values)
    assert (kept.astype(np.float32) == values.astype(np.float32)).all()
    assert np.allclose(kept, values, rtol=5e-9, atol=0) and max(len(repr(value)) for value in kept[900:1200].tolist()) <= 16
    odd = np.array([0.0, math.nan, math.inf, -math.inf, 5e-324, -1.7e308])
    assert np.array_equal(nine_digits(odd), odd, equal_nan=True)
