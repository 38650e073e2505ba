"""Static files under hashed names, those that JavaScript modules import of each other among them."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """As whitenoise does, and in JavaScript too: a module that changed is another file to its importers."""

    support_js_module_import_aggregation = True
