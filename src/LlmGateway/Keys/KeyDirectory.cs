using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Keys;

/// <summary>
/// The key rings of all limit domains, kept as the settings say: what changes in configuration, in a file or in a variable is in use within a
/// second. A change that cannot be read changes nothing, and is logged.
/// </summary>
internal sealed class KeyDirectory : BackgroundService
{
    private readonly IConfiguration _configuration;
    private readonly LlmOptionsDefaults _defaults;
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly ILogger<KeyDirectory> _logger;
    private readonly Dictionary<string, KeyRing> _rings;
    private readonly HashSet<(string Domain, string Alias, string Problem)> _told = [];
    private LlmOptions _settings;

    public KeyDirectory(
        IOptions<LlmOptions> options, LlmOptionsDefaults defaults, IConfiguration configuration, TimeProvider time, KeyMetrics metrics, ILogger<KeyDirectory> logger)
    {
        _configuration = configuration;
        _defaults = defaults;
        _time = time;
        _logger = logger;
        _settings = options.Value;
        _interval = options.Value.KeyPollInterval;
        _rings = options.Value.Domains.Keys.ToDictionary(x => x, x => new KeyRing(x, options.Value.KeyRecheck, time, logger), StringComparer.Ordinal);
        Apply();
        metrics.ObserveKeys(() => _rings.Values.SelectMany(ring => ring.Snapshot().Select(key => (ring.Domain, key))));
    }

    /// <summary>The ring of a domain that was configured at start.</summary>
    public KeyRing Of(string domain) => _rings[domain];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A signal, not a handler: reading happens here, where a failure cannot end in whoever changed the settings.
        var signals = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        using var listening = ChangeToken.OnChange(_configuration.GetReloadToken, () => signals.Writer.TryWrite(true));
        while (!stoppingToken.IsCancellationRequested)
        {
            using var wake = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var signalled = signals.Reader.WaitToReadAsync(wake.Token).AsTask();
            if (HasFiles)
            {
                await Task.WhenAny(signalled, Task.Delay(_interval, _time, wake.Token));
            }
            else
            {
                await Task.WhenAny(signalled);
            }

            await wake.CancelAsync();
            stoppingToken.ThrowIfCancellationRequested();
            if (signals.Reader.TryRead(out _))
            {
                Reload();
            }

            Apply();
        }
    }

    /// <summary>Files are the one thing that changes without a word.</summary>
    private bool HasFiles => _settings.Domains.Values.Any(x => x.Keys.Values.Any(y => KeyReference.IsFile(y.Value)));

    private void Reload()
    {
        try
        {
            var settings = new LlmOptions();
            _configuration.GetSection(LlmOptions.Section).Bind(settings);
            if (_defaults.Dropped(settings) is { Count: > 0 } dropped)
            {
                _logger.KeysNotReloaded(string.Join(", ", dropped));
                return;
            }

            _defaults.PostConfigure(null, settings);
            _settings = settings;
        }

        // A binder's message would quote the value that it could not convert.
        catch (Exception failure) when (failure is InvalidOperationException or FormatException or ArgumentException)
        {
            _logger.KeysNotReloaded(failure.GetType().Name);
        }
    }

    private void Apply()
    {
        foreach (var (domain, ring) in _rings)
        {
            var configured = _settings.Domains.GetValueOrDefault(domain)?.Keys ?? [];
            var keys = new List<(string Alias, string Value, int Weight)>(configured.Count);
            var unreadable = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (alias, key) in configured)
            {
                var (value, problem) = KeyReference.Resolve(key.Value, _configuration);
                if (value is not null)
                {
                    keys.Add((alias, value, Math.Clamp(key.Weight, 0, 1000)));
                    _told.RemoveWhere(x => x.Domain == domain && x.Alias == alias);
                }
                else
                {
                    unreadable.Add(alias);
                    if (_told.Add((domain, alias, problem!)))
                    {
                        _logger.KeyUnreadable(domain, alias, problem!);
                    }
                }
            }

            ring.Apply(keys, unreadable);
        }
    }
}
