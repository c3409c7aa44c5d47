# Keyway's image: the compiled service and its production dependencies, run by an unprivileged user.
#   docker build -t keyway .
#   docker run --rm keyway keyway --help

# No package has a part for one platform: what is built on one runs on all.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/node/package.json packages/node/
COPY packages/browser/package.json packages/browser/
COPY packages/elements/package.json packages/elements/
# Optional packages are wanted here alone: esbuild is one binary for each platform. No package runs a script.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json nest-cli.json ./
COPY scripts scripts
COPY packages packages
COPY src src
COPY web web
ARG SOURCE_DATE_EPOCH=0
RUN npm run build && chmod -R a+rX dist && chmod a+x dist/cli/main.js \
 # The demo is for a developer's machine.
 && rm -rf dist/demo dist/web \
 && mkdir /commands && ln -s /app/dist/cli/main.js /commands/keyway \
 # Two builds of the same files are to be the same.
 && find dist /commands -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY --chmod=644 package.json package-lock.json .npmrc ./
COPY scripts/sbom.js scripts/
# Of the packages the client for servers alone is part of the service: a copy of what was built, not a link to it.
COPY --from=build /app/packages/node packages/node
ARG SOURCE_DATE_EPOCH=0
RUN npm ci --omit=dev --omit=optional --workspaces=false --install-links --ignore-scripts --no-audit --no-fund \
 # The embedded database is for a developer's machine. (npm on Node 20 would skip it everywhere if it were optional.)
 && rm -rf node_modules/@electric-sql node_modules/@mikro-orm/pglite node_modules/.package-lock.json \
 && node scripts/sbom.js >sbom.cdx.json \
 # What Node does not load: types, sources, documents, tests, and builds for browsers and other loaders.
 && find node_modules -depth -type d \( -name test -o -name tests -o -name docs -o -name example -o -name examples \
      -o -name benchmark -o -name benchmarks -o -name bundle -o -name bundles -o -name umd -o -name iife -o -name esm5 \
      -o -name .github \) -exec rm -rf {} + \
 && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.tsbuildinfo' \
      -o -name '*.yml' -o -name '*.png' -o -name '*.jpg' \
      -o -name '*.md' ! -iname 'license*' ! -iname 'notice*' ! -iname 'copying*' \) -delete \
 && find node_modules -depth -type d -empty -delete \
 && find package.json sbom.cdx.json node_modules -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

# The bill of materials alone: docker build --target sbom --output . .
FROM scratch AS sbom
COPY --from=dependencies /app/sbom.cdx.json /

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Keyway" \
      org.opencontainers.image.description="Self-hosted passkey service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="0.2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /commands /usr/local/bin
# All of it belongs to root: the service can read its own code and change none of it.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=dependencies /app/package.json /app/sbom.cdx.json ./
COPY --from=build /app/dist dist
# The user node, as a number: Kubernetes checks runAsNonRoot by it.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/main.js"]
