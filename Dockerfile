# The command in a container: docker build -t atlantis . && docker run --rm -it atlantis stream tail --simulate
ARG NODE_IMAGE=node:22-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# Without scripts: `prepare` would build, and the sources are not here yet.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs

FROM ${NODE_IMAGE}
COPY --from=build /src/package.json /src/LICENSE /opt/atlantis/
COPY --from=build /src/bin /opt/atlantis/bin
COPY --from=build /src/dist /opt/atlantis/dist
# A folder for profiles and one for recordings, spools and dead letters; volumes may replace both.
RUN ln -s /opt/atlantis/bin/atlantis.cjs /usr/local/bin/atlantis \
  && mkdir -p /config /data && chown 1000:1000 /config /data && chmod 700 /config /data
ENV NODE_ENV=production ATLANTIS_CONFIG_DIR=/config
# The user `node` of the official images, by number, so that Kubernetes can see that it is not root.
USER 1000:1000
WORKDIR /data
# As process 1, the command handles SIGTERM itself, without an init: it flushes its output, prints the summary and exits.
STOPSIGNAL SIGTERM
# For a run with --metrics-listen, set ATLANTIS_HEALTH to its address, such as 127.0.0.1:9464. Otherwise the check passes.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s \
  CMD test -z "$ATLANTIS_HEALTH" || atlantis stream relay --health "$ATLANTIS_HEALTH"
ENTRYPOINT ["atlantis"]
CMD ["--help"]
