namespace Ledger.Host.Features;

/// <summary>A request around a domain command, so that the command's validator is run before the handler.</summary>
public interface ICarriesCommand
{
    object Command { get; }
}
