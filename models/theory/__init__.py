"""Mean-field theory of signal propagation: knows configurations, never a network, so that it can check one.

nonlinearity -> gaussian, pair (averages over one and two inputs) -> chain, backward, band (row by row)
                                                                  -> fixed_point, phase (where it leads) -> answer, outlook, weights
"""

from models.theory.answer import Theory, theory, theory_of
from models.theory.fixed_point import FixedPoint, Map, fixed_point
from models.theory.outlook import Outlook, outlook, start_of
from models.theory.phase import PhaseGrid, critical_sigma_w2, phase_grid, phase_of
from models.theory.warm import warm_up
from models.theory.weights import WeightGradients, weight_gradients

__all__ = [
    "FixedPoint", "Map", "Outlook", "PhaseGrid", "Theory", "WeightGradients", "critical_sigma_w2", "fixed_point", "outlook", "phase_grid",
    "phase_of", "start_of", "theory", "theory_of", "warm_up", "weight_gradients",
]
