using System.Net;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>
/// The one HTTP client of declared tools and MCP servers: connects through the <see cref="AddressGuard"/>, uses no proxy (it would resolve
/// the name itself), keeps no cookies and follows no redirect. Time limits are the caller's token.
/// </summary>
internal sealed class GuardedHttpClient : IDisposable
{
    public GuardedHttpClient(AddressGuard guard)
    {
        Client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (context, cancellationToken) => guard.ConnectAsync(context.DnsEndPoint, cancellationToken),
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 32,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public HttpClient Client { get; }

    public void Dispose() => Client.Dispose();
}
