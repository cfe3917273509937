# The dashboard as an image. It needs nothing but a port and, to keep its runs, a volume at /data. It asks for a token: the one in
# --env SIGPROP_TOKEN=..., or one that it makes and writes to its log at the first start:
#
#   docker build --tag sigprop . && docker run --publish 127.0.0.1:8000:8000 --volume sigprop:/data sigprop
#
# PyPI's torch for Linux carries CUDA, so the same image computes on a GPU when the host gives one (--gpus all) and on the
# CPU when not. Where there will never be a GPU, PyTorch's index of CPU wheels makes a far smaller image:
#   docker build --build-arg PIP_EXTRA_INDEX_URL=...
#
# models/native, which measures networks on the CPU, is compiled in the full Python image: the slim one has no compiler.
FROM python:3.11 AS native
WORKDIR /native
COPY models/native ./
RUN sh build.sh

# The version of Python that the tests run on.
FROM python:3.11-slim

WORKDIR /app

# Dependencies come before the source, so that a change of the source costs no new download of torch. They are read from
# pyproject.toml because the dashboard runs from its files and is never built as a package.
ARG PIP_EXTRA_INDEX_URL=
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > requirements.txt \
    && pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt --requirement requirements.txt

COPY models models
COPY --from=native /native/native.so models/native/
COPY server server
COPY frontend frontend

# Compiled here, because the root file system may be read-only later. /data belongs to the user before it becomes a volume:
# a new volume takes its owner from here.
RUN python -m compileall -q models server \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin sigprop \
    && install --directory --owner=sigprop --group=sigprop /data

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SIGPROP_HOST=0.0.0.0 \
    SIGPROP_PORT=8000 \
    SIGPROP_DATA_DIR=/data

# By number, so that a host can tell without the image's /etc/passwd that it is not root.
USER 10001:10001
VOLUME /data
EXPOSE 8000

# http.client and not urllib: a proxy set for the container must not be asked for the container's own address.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['SIGPROP_PORT']), timeout=4); c.request('GET', '/api/health'); raise SystemExit(c.getresponse().status != 200)"]

CMD ["python", "-m", "server"]
