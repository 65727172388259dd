using FluentValidation;
using Ledger.Domain.Validation;
using MediatR;

namespace Ledger.Host.Features;

/// <summary>Runs a command's validator before its handler: all faults at once, nothing touched.</summary>
public sealed class ValidationBehaviour<TRequest, TResponse>(IServiceProvider services) : IPipelineBehavior<TRequest, TResponse>
{
    public Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        if (request is ICarriesCommand { Command: var command }
            && services.GetService(typeof(IValidator<>).MakeGenericType(command.GetType())) is IValidator validator
            && validator.Validate(new ValidationContext<object>(command)) is { IsValid: false } result)
            throw new ValidationFailedException(result);
        return next();
    }
}
