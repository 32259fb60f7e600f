# syntax=docker/dockerfile:1.7
# Ingress, admission, the invocation saga. Also the migration step: run it with --migrate.
# Build from the root of the repository: docker build -f infra/docker/orchestrator.Dockerfile -t pipeline/orchestrator .
# A feed other than nuget.org: --secret id=nuget_config,src=YOUR-NuGet.Config, and --build-arg PIPELINE_FEED=restricted where
# scripts/detect-feed.sh says so.
FROM mcr.microsoft.com/dotnet/sdk:10.0.401-noble AS build
ARG PIPELINE_FEED=full
WORKDIR /source
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY build/ build/
COPY src/ src/
COPY docs/contracts/asyncapi.json docs/contracts/
RUN --mount=type=cache,id=pipeline-nuget,target=/root/.nuget/packages,sharing=locked \
    --mount=type=secret,id=nuget_config,target=/root/.nuget/NuGet/NuGet.Config \
    dotnet publish src/Orchestrator/Orchestrator.csproj -c Release --use-current-runtime --self-contained false -o /published -p:PipelineFeed=$PIPELINE_FEED --disable-build-servers

FROM mcr.microsoft.com/dotnet/aspnet:10.0.12-noble
WORKDIR /app
COPY --from=build /published ./
COPY infra/docker/probe.sh ./
ENV ASPNETCORE_HTTP_PORTS=8080
# The image's own unprivileged account; a number, so that Kubernetes can check runAsNonRoot.
USER 1654
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["bash", "/app/probe.sh", "8080", "/health/ready"]
ENTRYPOINT ["dotnet", "Pipeline.Orchestrator.dll"]
