"""Mean-field theory of signal propagation: knows configurations, never a network, so that it can check one.

    what is computed with   nonlinearity.py   an activation as theory sees it: phi, phi', kinks
                            layers.py         a configuration as theory reads it: sigma_w^2 and sigma_b^2 of each layer
                            gaussian.py       averages of phi over one Gaussian input, by quadrature;  interpolated.py: from tables
                            pair.py           averages over two Gaussian inputs;  pair_table.py: its tables
    row by row              chain.py          forward: q_l and the correlation of two inputs;  padding.py: zero padding's images
                            backward.py       chi_l, the gradient's factor;  shared.py: what it is beside skips at a finite width
                            band/             how far a network of this width may lie from q_l
    where it leads          fixed_point.py    q*, chi, c* and the depth scales
                            phase.py          ordered or chaotic; the critical line and the phase diagram;  outline.py: a part's outline
    what is said            answer.py         all of it for a configuration, as the page and the API show it
                            applies.py        where theory does not apply, and why;  notes.py: which approximations it made
    for the verdict         outlook.py        how signal, gradient and correlation end
                            weights.py        how large the weights' gradients are
                            warm.py           makes the tables before anybody waits for them
"""

from models.theory.answer import Theory, start_of, theory, theory_of
from models.theory.fixed_point import FixedPoint, Map, fixed_point
from models.theory.outlook import Outlook, outlook
from models.theory.phase import PhaseGrid, Repelling, critical_sigma_w2, phase_grid, phase_of, repelling, trainable_outline
from models.theory.warm import warm_up
from models.theory.weights import WeightGradients, weight_gradients

__all__ = [
    "FixedPoint", "Map", "Outlook", "PhaseGrid", "Repelling", "Theory", "WeightGradients", "critical_sigma_w2", "fixed_point", "outlook",
    "phase_grid", "phase_of", "repelling", "start_of", "theory", "theory_of", "trainable_outline", "warm_up", "weight_gradients",
]
