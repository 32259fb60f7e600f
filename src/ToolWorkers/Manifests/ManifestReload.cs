using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>
/// Reads the manifests again when they change. Time limit, truncation, fallback and breaker take effect at once and keep the circuit's
/// state; everything else (what the model sees, effects, concurrency) is part of queues and prompts and needs a restart. A wrong file
/// changes nothing.
/// </summary>
internal sealed class ManifestReload(ToolCatalog catalog, IOptions<ToolsOptions> options, IHostEnvironment environment, ToolMetrics metrics, TimeProvider time, ILogger<ManifestReload> logger)
    : BackgroundService
{
    private readonly string _directory = Path.Combine(environment.ContentRootPath, options.Value.Directory);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var seen = Fingerprint();
        using var timer = new PeriodicTimer(options.Value.ReloadInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            // By content: times of files lie where a mount is swapped under them.
            var current = Fingerprint();
            if (current != seen)
            {
                seen = current;
                Apply();
            }
        }
    }

    private void Apply()
    {
        var set = ToolManifestDirectory.Read(_directory);
        if (set.Problems.Count > 0)
        {
            metrics.ManifestsReloaded("refused");
            logger.ReloadRefused(_directory, string.Join(Environment.NewLine, set.Problems));
            return;
        }

        foreach (var tool in catalog.Served)
        {
            if (set.Manifests.FirstOrDefault(x => x.Name == tool.Name) is not { } read)
            {
                logger.ManifestGone(tool.Name, _directory);
                continue;
            }

            var old = tool.Manifest;
            if (read.Description != old.Description || read.Effects != old.Effects || read.Concurrency != old.Concurrency || !JsonElement.DeepEquals(read.Parameters, old.Parameters))
            {
                logger.NeedsRestart(tool.Name, read.File);
            }

            tool.Apply(old with
            {
                Timeout = read.Timeout,
                TruncateResult = read.TruncateResult,
                Fallback = read.Fallback,
                FallbackOnFailure = read.FallbackOnFailure,
                Breaker = read.Breaker,
            });
        }

        metrics.ManifestsReloaded("applied");
        logger.Reloaded(_directory);
    }

    private string Fingerprint()
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var file in Directory.EnumerateFiles(_directory, "*.json").Order(StringComparer.Ordinal).Take(ToolManifestDirectory.MaxFiles + 1))
            {
                hash.AppendData(System.Text.Encoding.UTF8.GetBytes(file));
                // A file that is too long is refused when it is read; until then its length stands for it.
                hash.AppendData(new FileInfo(file).Length is > ToolManifestDirectory.MaxFileBytes and var length ? BitConverter.GetBytes(length) : File.ReadAllBytes(file));
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Being written, or away: what is wrong is said when it is read.
            return e.Message;
        }
    }
}
