# syntax=docker/dockerfile:1

FROM python:3.13-slim AS build
WORKDIR /quire
RUN python -m venv .venv
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && .venv/bin/pip install --no-cache-dir --no-build-isolation --require-hashes -r requirements/runtime.txt

# Node is needed to fetch the browser's libraries, and nowhere else.
FROM build AS assets
COPY requirements/assets.txt requirements/
RUN .venv/bin/pip install --no-cache-dir --no-build-isolation --require-hashes -r requirements/assets.txt
COPY package.json package-lock.json .npmrc ./
COPY static/copy_libraries.py static/
RUN PATH=/quire/.venv/bin:$PATH npm ci --omit=dev && .venv/bin/python static/copy_libraries.py

FROM build AS image
COPY pyproject.toml setup.py README.md LICENSE ./
COPY app app
COPY models models
COPY static static
COPY --from=assets /quire/static/vendor static/vendor
RUN .venv/bin/pip install --no-cache-dir --no-build-isolation --no-deps --editable . \
 && .venv/bin/python -m compileall -q app .venv/lib \
 && echo 'compiles the kernels into the image' | .venv/bin/quire count

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /quire quire && install -d -o quire -g quire /data
WORKDIR /quire
COPY --from=image /quire /quire
ENV PATH=/quire/.venv/bin:$PATH PYTHONUNBUFFERED=1 QUIRE_DATA_DIR=/data QUIRE_LOG_FORMAT=json
USER quire
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["quire", "serve", "--host", "0.0.0.0", "--port", "8000", "--workers", "2"]
