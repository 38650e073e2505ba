"""Recordings at rest: AES-256-GCM under the keys of AMBIENT_ENCRYPTION_KEY (docs/encryption.md)."""
