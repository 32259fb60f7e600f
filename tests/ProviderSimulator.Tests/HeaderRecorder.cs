namespace Pipeline.ProviderSimulator.Tests;

/// <summary>Keeps the headers of the last response: the SDK's exceptions do not carry them.</summary>
internal sealed class HeaderRecorder
{
    private HttpResponseMessage? _last;

    public string? this[string name] => _last?.Headers.TryGetValues(name, out IEnumerable<string>? values) == true ? string.Join(",", values) : null;

    public DelegatingHandler NewHandler() => new Handler(this);

    private sealed class Handler(HeaderRecorder owner) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            owner._last = await base.SendAsync(request, cancellationToken);
    }
}
