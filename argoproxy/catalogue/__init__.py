"""The models that ARGO has: their names, families and kinds. Asking ARGO for its list is not done here."""

from .catalogue import Catalogue

__all__ = ["Catalogue"]
