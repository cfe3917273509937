"""The finite-width band: between which values the measured mean square of a row's pre-activations lies, for 95 % of the seeds.

Mean-field theory gives q_l for layers of infinitely many units. In a layer of N units every seed draws other weights and gets another mean
square; the band says how far it may lie from q_l, to first order in 1 / N. It builds on mean-field theory's modules, one folder up, which
do not need it, and is checked against ensembles of networks (`python -m benchmarks.bands`, tests/models/theory/band).

    the band         interval.py    its lower and upper end in every row, put together from what the modules below say
                     quantiles.py   between which values 95 % of a random variable lie
                     known.py       in which rows of which networks a band is known at all
    what varies      draws.py       a row's own weights and biases
    from seed        noise.py       a hidden row's units and dropout masks, seen in the next row's mean square
                     active.py      what few units draw of a length's logarithm: its variance and its third cumulant
                     silent.py      units that a batch normalization behind phi leaves without a signal
    to seed          steps.py       how a deviation in one row is passed on to the next;  skips.py: the same with skip connections
                     fitted.py      what remains where LSUV fits the weights to the batch
                     branches.py    what a layer adds to a skip connection, beside what the skip brings along
    how the inputs   cosines.py     the cosines between them, row by row: inputs that point in one direction average less away
    of a batch       pair_map.py    how the cosine of one pair goes through the rows
    differ           by_batch.py    what a batch normalization does to the cosines
                     jacobi.py      the law that the cosines are taken to have, and its orthogonal polynomials
                     lengths.py     their lengths, row by row
                     sample.py      how much the lengths of a batch of few inputs differ
    images           pooled.py      the mean over an image's pixels, which the output row reads
                     walks.py       what zero padding cuts off on the way there
                     edges.py       what it leaves of a mean that a batch normalization has taken away
"""

from models.theory.band.interval import band
from models.theory.band.quantiles import LEVEL

__all__ = ["LEVEL", "band"]
