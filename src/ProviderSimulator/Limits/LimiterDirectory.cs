using Microsoft.Extensions.Options;

namespace Pipeline.ProviderSimulator.Limits;

/// <summary>
/// Finds who an API key is and whose limits it has. The set of organisations is fixed by the options, so callers cannot make it grow.
/// </summary>
internal sealed class LimiterDirectory
{
    private readonly Dictionary<string, KeyOwner> _byKey = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OrganisationLimiter> _byOrganisation = new(StringComparer.Ordinal);
    private readonly HashSet<string> _revoked = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly OrganisationLimiter? _anyKey;

    public LimiterDirectory(IOptions<ProviderSimulatorOptions> options, Ledger ledger, SimulatorClock clock)
    {
        ProviderSimulatorOptions settings = options.Value;
        var classes = new ModelClasses(settings);
        KeyOwner[] owners = [.. settings.Keys.Select(x => KeyOwner.Read(x.Key, x.Value))];
        string[] organisations = owners.Length == 0 ? [ProviderSimulatorOptions.DefaultOrganisation] : [.. owners.Select(x => x.Organisation).Distinct(StringComparer.Ordinal)];
        foreach (string organisation in organisations)
        {
            LimitOptions own = settings.Organisations.GetValueOrDefault(organisation, settings.Limits);
            List<LimitSet> sets = [.. classes.All.Select(x => new LimitSet(LimitScope.Organisation, organisation, x, own.Classes.GetValueOrDefault(x, own), clock))];
            foreach (KeyOwner owner in owners.Where(x => x.Organisation == organisation))
            {
                if (owner.Project is { } project && settings.Projects.TryGetValue($"{organisation}/{project}", out LimitOptions? projects) && !sets.Exists(x => x.Scope == LimitScope.Project && x.Name == project))
                {
                    sets.AddRange(classes.All.Select(x => new LimitSet(LimitScope.Project, project, x, projects, clock)));
                }

                if (settings.KeyLimits.TryGetValue(owner.Key, out LimitOptions? keys))
                {
                    sets.AddRange(classes.All.Select(x => new LimitSet(LimitScope.Key, owner.Alias, x, keys, clock)));
                }
            }

            var limiter = new OrganisationLimiter(organisation, sets, classes, new ForeignTraffic(organisation, settings.Seed, ledger), clock);
            _byOrganisation.Add(organisation, limiter);
            foreach (LimitSet set in sets)
            {
                ledger.Limits.Set(organisation, set, clock.Now);
            }

            if (settings.Foreign.TryGetValue(organisation, out ForeignTrafficOptions? foreign))
            {
                limiter.StartForeign(foreign);
            }
        }

        foreach (KeyOwner owner in owners)
        {
            _byKey.Add(owner.Key, owner);
        }

        _anyKey = owners.Length == 0 ? _byOrganisation[ProviderSimulatorOptions.DefaultOrganisation] : null;
    }

    public IReadOnlyCollection<OrganisationLimiter> All => _byOrganisation.Values;

    public OrganisationLimiter? FindOrganisation(string organisation) => _byOrganisation.GetValueOrDefault(organisation);

    /// <summary>Null for a key that is empty, not known or revoked.</summary>
    public OrganisationLimiter? Find(string? key, out KeyOwner? owner)
    {
        owner = null;
        if (string.IsNullOrWhiteSpace(key))
        {
            return null;
        }

        if (_anyKey is not null)
        {
            owner = new KeyOwner(key, ProviderSimulatorOptions.DefaultOrganisation, null);
        }
        else if (!_byKey.TryGetValue(key, out owner))
        {
            return null;
        }

        lock (_lock)
        {
            return _revoked.Contains(owner.Alias) ? null : _byOrganisation[owner.Organisation];
        }
    }

    /// <summary>False if no configured key has this alias.</summary>
    public bool Revoke(string alias, bool revoked)
    {
        if (!_byKey.Values.Any(x => x.Alias == alias))
        {
            return false;
        }

        lock (_lock)
        {
            if (revoked)
            {
                _revoked.Add(alias);
            }
            else
            {
                _revoked.Remove(alias);
            }

            return true;
        }
    }

    public bool IsRevoked(string alias)
    {
        lock (_lock)
        {
            return _revoked.Contains(alias);
        }
    }

    public IEnumerable<KeyOwner> Keys => _byKey.Values;
}
