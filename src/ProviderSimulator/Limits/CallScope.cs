namespace Pipeline.ProviderSimulator.Limits;

/// <summary>Everybody a call counts for.</summary>
internal sealed record CallScope(string Organisation, string? Project, string KeyAlias, string ModelClass)
{
    public bool Includes(LimitScope scope, string name) => scope switch
    {
        LimitScope.Organisation => name == Organisation,
        LimitScope.Project => name == Project,
        LimitScope.Key => name == KeyAlias,
        _ => false,
    };
}
