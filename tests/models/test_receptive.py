"""What a unit of the first layer sees, against all patches one by one and all pairs of them."""

import numpy as np
import pytest
import torch

from models.config import RunConfig
from models.receptive import MOST_SEEN, receptive, receptive_sums
from models.training import initial_frame, train


def found_in(inputs, kernel, padding):
    return np.array(receptive(receptive_sums(inputs, kernel, padding).tolist(), inputs.shape, kernel))


def over_all_pairs(vectors):
    """One over the mean of c^2 over all pairs, an input with itself included, each pair counted by its lengths."""
    lengths = sum(v @ v for v in vectors)
    return lengths**2 / sum((v @ w) ** 2 for v in vectors for w in vectors)


def mean_cosine(vectors):
    """Of all pairs, an input with itself included, each counted by its squared lengths."""
    squares = [v @ v for v in vectors]
    of_pairs = [a * b * (v @ w) / np.sqrt(a * b) for v, a in zip(vectors, squares, strict=True)
                for w, b in zip(vectors, squares, strict=True) if a > 0 and b > 0]
    return sum(of_pairs) / sum(squares) ** 2


def spread(vectors):
    """The variance of the lengths' squares over their mean squared."""
    squares = np.square(vectors).sum(axis=1)
    return squares.var() / squares.mean() ** 2


def third_moment(vectors):
    """Of the lengths' squares around their mean, over its cube."""
    squares = np.square(vectors).sum(axis=1)
    return ((squares - squares.mean()) ** 3).mean() / squares.mean() ** 3


def mean_share(vectors):
    """The squared length of the mean vector over the mean squared length."""
    return np.square(np.mean(vectors, axis=0)).sum() / np.square(vectors).sum(axis=1).mean()


def along_mean(vectors):
    """The share of the mean squared length that the components along the mean vector have."""
    direction = np.mean(vectors, axis=0) / np.linalg.norm(np.mean(vectors, axis=0))
    return np.mean([(v @ direction) ** 2 for v in vectors]) / np.mean([v @ v for v in vectors])


def all_of(vectors):
    numbers = over_all_pairs, spread, mean_cosine, third_moment, mean_share, along_mean
    return [np.square(vectors).mean(), *(number(vectors) for number in numbers)]


def patches(images, kernel, padding):
    """Cut out pixel by pixel."""
    reach, side = kernel // 2, images.shape[-1]
    padded = np.pad(images, [(0, 0), (0, 0), (reach, reach), (reach, reach)], mode="wrap" if padding == "circular" else "constant")
    return [image[:, y : y + kernel, x : x + kernel].ravel() for image in padded for y in range(side) for x in range(side)]


@pytest.mark.parametrize("padding", ["zeros", "circular"])
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_of_images_it_is_all_patches(kernel, padding):
    """40 images: more than are cut up at a time."""
    images = (torch.randn(40, 2, 4, 4, generator=torch.Generator().manual_seed(3)) + 0.4) * torch.tensor([1.0, 3.0])[:, None, None]
    seen = patches(images.double().numpy(), kernel, padding)
    found = found_in(images, kernel, padding)
    assert found == pytest.approx(all_of(seen))


def test_of_points_it_is_all_examples_whatever_kernel_their_network_would_have():
    points = torch.randn(30, 3, generator=torch.Generator().manual_seed(3)) * torch.tensor([1.0, 2.0, 0.1])
    seen = points.double().numpy()
    found = found_in(points, 3, "zeros")
    assert found == pytest.approx(all_of(seen))
    along_one_axis, along_all = torch.tensor([[2.0, 0, 0], [-3.0, 0, 0]]), torch.eye(3)
    assert [float(found_in(x, 3, "zeros")[1]) for x in (along_one_axis, along_all)] == pytest.approx([1.0, 3.0])


def test_the_mean_cosine_counts_long_fields_for_more():
    """Three short ones along one axis, two long ones along another: (2 * 16 * 16 * 2 + 3 * 3) / (2 * 16 + 3)^2."""
    fields = torch.tensor([[4.0, 0.0], [4.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    assert found_in(fields, 3, "zeros")[3] == pytest.approx((4 * 16 * 16 + 9) / 35**2)


def test_of_many_features_it_is_the_products_of_the_examples():
    inputs = torch.randn(30, MOST_SEEN + 50, generator=torch.Generator().manual_seed(3)) + 0.3
    assert found_in(inputs, 3, "zeros") == pytest.approx(all_of(inputs.double().numpy()), rel=1e-5)


@pytest.mark.parametrize("padding", ["zeros", "circular"])
def test_of_patches_of_many_numbers_it_is_their_lengths(padding):
    images = torch.randn(3, 12, 6, 6, generator=torch.Generator().manual_seed(3))
    assert images.shape[1] * 25 > MOST_SEEN
    found, expected = found_in(images, 5, padding), all_of(patches(images.double().numpy(), 5, padding))
    assert [found[place] for place in (0, 2, 4)] == pytest.approx([expected[place] for place in (0, 2, 4)])
    assert np.isnan([found[place] for place in (1, 3, 5, 6)]).all()


def test_of_nothing_and_of_too_many_numbers_it_is_not_known():
    nothing = found_in(torch.zeros(4, 3), 3, "zeros")
    assert nothing[0] == 0.0 and np.isnan(nothing[1:]).all()
    many = found_in(torch.ones(MOST_SEEN + 1, MOST_SEEN + 1), 3, "zeros")
    assert np.isnan(many[1]) and many[[0, 2, 3, 4, 5, 6]] == pytest.approx([1.0, 0.0, 1.0, 0.0, 1.0, 1.0])


def test_of_one_input_rounding_passes_no_bound():
    """All fields are alike: participation ratio, cosine and both shares are 1, the spread is 0, and theory refuses what lies beyond."""
    for seed in range(100):
        one = torch.randn(1, 64, generator=torch.Generator().manual_seed(seed))
        _, participation, spread, alike, _, mean_share, along_mean = found_in(one, 3, "zeros")
        assert participation >= 1.0 and spread >= 0.0 and max(alike, mean_share, along_mean) <= 1.0
        assert [participation, alike, mean_share, along_mean] == pytest.approx([1.0] * 4) and spread == pytest.approx(0.0, abs=1e-12)


def test_a_frame_has_that_of_what_its_first_layer_sees():
    """Delta-orthogonal weights have but the middle tap, and see one pixel."""
    def seen(init):
        config = RunConfig.model_validate({"network": {"kind": "cnn", "depth": 2, "width": 8}, "init": {"name": init}, "device": "cpu"})
        return initial_frame(config)["input"]["participation_ratio"]
    assert seen("delta_orthogonal") == pytest.approx(1.0) and 3.0 < seen("kaiming_normal") < 9.0


def test_later_frames_have_the_inputs_moments_alone():
    frames = list(train(RunConfig.model_validate({"network": {"depth": 2, "width": 8}, "training": {"steps": 1}, "device": "cpu"})))
    first, later = (frame["input"] for frame in frames)
    of_theory = {"participation_ratio", *(name for name in first if name.startswith("receptive"))}
    assert len(of_theory) == 7 and None not in [first[name] for name in of_theory] and [later[name] for name in of_theory] == [None] * 7
    assert None not in [later[name] for name in ("mean", "std", "mean_square", "correlation")]
