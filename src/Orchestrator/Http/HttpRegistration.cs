using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Pipeline.Orchestrator.Http;

/// <summary>What all routes share: refusals by name, the server's limits, metrics.</summary>
internal static class HttpRegistration
{
    public static void AddHttpApi(this IServiceCollection services)
    {
        services.AddSingleton<HttpMetrics>();
        services.AddSingleton<IStartupFilter, ProblemResponses>();
        services.Configure<KestrelServerOptions>(server =>
        {
            server.AddServerHeader = false;
            // Twice what a bus message may have; routes with a smaller limit read no further than that.
            server.Limits.MaxRequestBodySize = 16 * 1024 * 1024;
            server.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            server.Limits.MaxRequestHeaderCount = 64;
            server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            server.Limits.MaxConcurrentConnections = 10_000;
        });
    }
}
