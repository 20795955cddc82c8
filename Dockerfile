# Dateline in a container: `docker build -t dateline .`, then docs/how-to/deploy.md.
# With traces or error reports: `docker build --build-arg EXTRAS=1 -t dateline .`

FROM docker.io/library/python:3.13-slim-trixie@sha256:ffb752e139c0a19692a43af8d8523b274222dd68eebad5d583b45c2201c6e30a AS base

FROM base AS build
ARG EXTRAS=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1
RUN python -m venv /opt/dateline && python -m venv /opt/build
# The locks first, hash by hash, so that a change of ours fetches nothing anew.
COPY requirements.lock requirements-extras.lock requirements-build.lock /src/
RUN /opt/dateline/bin/pip install --no-deps --require-hashes -r /src/requirements.lock \
        ${EXTRAS:+-r /src/requirements-extras.lock} \
    && /opt/build/bin/pip install --no-deps --require-hashes -r /src/requirements-build.lock
WORKDIR /src
COPY . /src/
RUN /opt/build/bin/python -m hatchling build -t wheel -d /opt/dist \
    && /opt/dateline/bin/pip install --no-deps --no-index /opt/dist/*.whl \
    && deploy/container/slim.sh /opt/dateline

# The package needs all of Perl, but the two programs that `dateline backup` runs need libpq alone.
FROM base AS postgresql
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-17

FROM base
# The fonts are for the names in pictures: DejaVu with FriBidi for Arabic, MicroHei for Chinese,
# Japanese and Korean. A number that no host gives to a person owns the volumes.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libpq5 fonts-dejavu-core fonts-wqy-microhei libfribidi0 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 dateline \
    && useradd --uid 10001 --gid 10001 --home-dir /srv/dateline --shell /usr/sbin/nologin dateline \
    && install -d -o dateline -g dateline -m 0700 \
        /srv/dateline /srv/dateline/var /srv/dateline/backups
# They serve PostgreSQL up to their own version, which is that of compose.yaml.
COPY --from=postgresql /usr/lib/postgresql/17/bin/pg_dump /usr/lib/postgresql/17/bin/pg_restore \
    /usr/local/bin/
COPY --from=build /opt/dateline /opt/dateline
ENV PATH=/opt/dateline/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    WEB_HOST=0.0.0.0 WEB_PORT=8080 LOG_FORMAT=json
USER 10001:10001
WORKDIR /srv/dateline
VOLUME /srv/dateline/var
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["dateline", "health"]
ENTRYPOINT ["dateline"]
CMD ["run"]
