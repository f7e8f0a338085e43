# One image for every service: `docker run ml-connector run ingress`. Not built where this was written (no engine there);
# its instructions and docker-compose.yml are checked by tests/unit/test_containers.py.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /opt/ml-connector \
 && /opt/ml-connector/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
RUN /opt/ml-connector/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/ml-connector --create-home ml-connector
COPY --from=build /opt/ml-connector /opt/ml-connector
ENV PATH=/opt/ml-connector/bin:$PATH PYTHONUNBUFFERED=1 ML_CONNECTOR_STATE_DIR=/var/lib/ml-connector/state
USER 10001
WORKDIR /var/lib/ml-connector
VOLUME /var/lib/ml-connector
ENTRYPOINT ["ml-connector"]
CMD ["--help"]
