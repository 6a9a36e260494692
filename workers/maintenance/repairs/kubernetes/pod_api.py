"""Changes annotations of pods through the Kubernetes API, with the token of this pod's account."""

import json
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL = "https://kubernetes.default.svc"
#: Where the kubelet mounts token, CA certificate and name of the namespace.
FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT_S = 5.0


class PodApi:
    """The pods of this pod's own namespace."""

    def __init__(self, url: str = URL, folder: Path = FOLDER) -> None:
        self._url = url
        self._folder = folder

    def annotate(self, pod: str, annotations: Mapping[str, str]) -> bool:
        """Set annotations of a pod; False where there is none of this name. Raises OSError."""
        namespace = (self._folder / "namespace").read_text().strip()
        request = Request(  # noqa: S310 - the address is not input
            f"{self._url}/api/v1/namespaces/{namespace}/pods/{pod}",
            data=json.dumps({"metadata": {"annotations": dict(annotations)}}).encode(),
            method="PATCH",
            headers={
                # The kubelet replaces the token, so it is read for each request.
                "Authorization": f"Bearer {(self._folder / 'token').read_text().strip()}",
                "Content-Type": "application/merge-patch+json",
            },
        )
        context = ssl.create_default_context(cafile=str(self._folder / "ca.crt"))
        try:
            with urlopen(request, timeout=TIMEOUT_S, context=context):  # noqa: S310
                return True
        except HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return False
            raise
